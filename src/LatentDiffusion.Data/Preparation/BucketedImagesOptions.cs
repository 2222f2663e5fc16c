using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Data;

/// <summary>How <see cref="BucketedImages"/> crops, mirrors and makes batches.</summary>
public sealed record BucketedImagesOptions
{
    /// <summary>Images per batch, from 1 to 65536. Default 16.</summary>
    [Range(1, 65536)]
    public int BatchSize { get; init; } = 16;

    /// <summary>Handling of buckets whose images do not fill a batch. Default <see cref="IncompleteBatches.Fill"/>.</summary>
    public IncompleteBatches Incomplete { get; init; } = IncompleteBatches.Fill;

    /// <summary>Where the part that exceeds the bucket's size is cropped. Default <see cref="CropPosition.Center"/>.</summary>
    public CropPosition Crop { get; init; } = CropPosition.Center;

    /// <summary>Probability of mirroring an image left to right, from 0 (the default) to 1.</summary>
    [Range(0.0, 1.0)]
    public double FlipProbability { get; init; }

    /// <summary>Seed of the order of batches, of crops and of mirroring. Default 0.</summary>
    public ulong Seed { get; init; }
}
