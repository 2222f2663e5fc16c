using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Evaluation;

/// <summary>Extent of a validation.</summary>
public sealed record ValidationOptions
{
    /// <summary>Maximum number of images, from the first; at least 2. Default 64.</summary>
    [Range(2, int.MaxValue)]
    public int ImageCount { get; init; } = 64;

    /// <summary>
    /// Timesteps at which each image is measured, one in each of as many equal parts of the schedule; from 1 to 1000. Default 4.
    /// </summary>
    [Range(1, 1000)]
    public int TimestepsPerImage { get; init; } = 4;

    /// <summary>Noisy images per evaluation of the network, from 1 to 65536. Default 16.</summary>
    [Range(1, 65536)]
    public int BatchSize { get; init; } = 16;

    /// <summary>
    /// The guidance scale that a denoiser which learned guidance reads, 0 to 100. Null, the default, for denoisers that read none.
    /// </summary>
    [Range(0.0, 100.0)]
    public double? GuidanceScale { get; init; }

    /// <summary>Seed of noise and timesteps, the same in every validation. Default 0.</summary>
    public ulong Seed { get; init; }
}
