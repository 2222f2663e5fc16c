namespace LatentDiffusion;

/// <summary>Values that a denoiser's run may reuse from one evaluation to the next.</summary>
public sealed record DenoiserRunOptions
{
    /// <summary>
    /// Approximates some evaluations with features of earlier ones; only for denoisers whose
    /// <see cref="DenoiserDescription.StepCachingLevels"/> allow it. Null, the default, for exact results.
    /// </summary>
    public StepCachingOptions? StepCaching { get; init; }
}
