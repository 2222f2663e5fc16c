namespace LatentDiffusion.Schedulers;

/// <summary>
/// The boundary condition of consistency models: f(x, t) = c_skip(t)·x + c_out(t)·x̂_0 is the identity at time 0, where a
/// trajectory ends (Song et al. 2023, equation 5 and appendix C; Luo et al. 2023, equation 9).
/// </summary>
/// <param name="Skip">c_skip, the weight of the noisy sample.</param>
/// <param name="Out">c_out, the weight of the predicted clean sample.</param>
internal readonly record struct ConsistencyBoundary(double Skip, double Out)
{
    /// <summary>σ_data of the paper's appendix.</summary>
    private const double SigmaData = 0.5;

    /// <param name="timestep">In [0, T).</param>
    /// <param name="timestepScaling">Factor of timesteps, published as <c>timestep_scaling</c>.</param>
    public static ConsistencyBoundary At(double timestep, double timestepScaling)
    {
        double scaled = timestep * timestepScaling, square = scaled * scaled + SigmaData * SigmaData;
        return new(SigmaData * SigmaData / square, scaled / Math.Sqrt(square));
    }
}
