namespace LatentDiffusion.Schedulers;

/// <summary>Where one run evaluates the denoiser.</summary>
/// <param name="Timesteps">The timestep of each evaluation, in order.</param>
/// <param name="Sigmas">The noise level of each evaluation and, one longer, the level that the last step reaches.</param>
internal sealed record SamplingGrid(double[] Timesteps, double[] Sigmas)
{
    /// <summary>Standard deviation of the starting noise.</summary>
    public double InitialSigma { get; init; } = 1;

    /// <summary>The grid of a discrete schedule.</summary>
    /// <param name="timesteps">Integers in [0, T).</param>
    /// <param name="schedule">The schedule.</param>
    /// <param name="finalAlphaBar">ᾱ where the run ends.</param>
    public static SamplingGrid Discrete(double[] timesteps, NoiseSchedule schedule, double finalAlphaBar) => new(
        timesteps,
        [.. timesteps.Select(t => schedule.AlphasCumprod[(int)t]).Append(finalAlphaBar).Select(a => NoiseLevel.FromAlphaBar(a).Level)]);
}
