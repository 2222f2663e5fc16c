namespace LatentDiffusion.Guidance;

/// <summary>How the passes of <see cref="ClassifierFreeGuidance"/> go through the network.</summary>
public sealed record ClassifierFreeGuidanceOptions
{
    /// <summary>
    /// Whether the unconditional and the conditional pass go one after the other, which takes about half the memory, and
    /// not as one batch, which is faster on GPUs. The results agree within rounding. Default false.
    /// </summary>
    public bool SeparatePasses { get; init; }
}
