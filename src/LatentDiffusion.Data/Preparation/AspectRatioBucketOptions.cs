using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Data;

/// <summary>Which sizes <see cref="AspectRatioBuckets"/> contains. The defaults give those of Stable Diffusion XL.</summary>
public sealed record AspectRatioBucketOptions
{
    /// <summary>Maximum pixels of a size, from 1 to 2^30. Default 1024·1024.</summary>
    [Range(1, 1L << 30)]
    public long Area { get; init; } = 1024 * 1024;

    /// <summary>
    /// Sides are multiples of this, from 1 to 4096 pixels. It must be a multiple of the autoencoder's downsampling times the
    /// U-Net's. Default 64.
    /// </summary>
    [Range(1, 4096)]
    public int Step { get; init; } = 64;

    /// <summary>Maximum ratio of the longer to the shorter side, from 1 to 64. Default 4.</summary>
    [Range(1.0, 64.0)]
    public double MaximumRatio { get; init; } = 4;

    /// <summary>Fraction of the area by which a size may fall short, in [0, 1). Default 0.1.</summary>
    [Range(0.0, 1.0, MaximumIsExclusive = true)]
    public double Shortfall { get; init; } = 0.1;
}
