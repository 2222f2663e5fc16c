namespace LatentDiffusion.Jobs;

/// <summary>What a job gave: images, or the reason for its failure.</summary>
public sealed record JobResult
{
    /// <summary>The images in the store, in order; empty where it failed.</summary>
    public IReadOnlyList<StoredImage> Images { get; init; } = [];

    /// <summary>Why it failed; null where it completed.</summary>
    public JobError? Error { get; init; }
}
