namespace LatentDiffusion.Schedulers;

/// <summary>α and σ of the levels of a plan.</summary>
internal static class SolverLevels
{
    /// <summary>On the straight path of a flow, or on a variance-preserving one.</summary>
    public static NoiseLevel[] FromPlan(SamplingPlan plan, bool flow) =>
        [.. plan.Sigmas.Select(s => flow ? NoiseLevel.Flow(s) : NoiseLevel.VariancePreserving(s))];
}
