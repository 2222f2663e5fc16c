namespace LatentDiffusion.Schedulers;

/// <summary>The four forms of DPM-Solver.</summary>
internal enum DpmSolverAlgorithm
{
    /// <summary>The flow's ODE in ε (Lu et al. 2022a). JSON <c>dpmsolver</c>.</summary>
    Noise,

    /// <summary>The flow's ODE in x_0 (Lu et al. 2022b). JSON <c>dpmsolver++</c>.</summary>
    Clean,

    /// <summary>The reverse SDE in ε. JSON <c>sde-dpmsolver</c>.</summary>
    NoiseSde,

    /// <summary>The reverse SDE in x_0 (Lu et al. 2022b, section 5.2). JSON <c>sde-dpmsolver++</c>.</summary>
    CleanSde,
}
