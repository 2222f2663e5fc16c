using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Data;

/// <summary>Which sizes <see cref="AspectRatioBuckets"/> has. The defaults give those of Stable Diffusion XL.</summary>
public sealed record AspectRatioBucketOptions
{
    /// <summary>Most pixels of a size, at least 1. Default 1024·1024.</summary>
    [Range(1, 1L << 30)]
    public long Area { get; init; } = 1024 * 1024;

    /// <summary>Sides are multiples of this, at least 1; the autoencoder's downsampling times the U-Net's divides it. Default 64.</summary>
    [Range(1, 4096)]
    public int Step { get; init; } = 64;

    /// <summary>Most that the longer side is of the shorter, at least 1. Default 4.</summary>
    [Range(1.0, 64.0)]
    public double MaximumRatio { get; init; } = 4;

    /// <summary>Share of the area that a size may fall short of it, in [0, 1). Default 0.1.</summary>
    [Range(0.0, 1.0, MaximumIsExclusive = true)]
    public double Shortfall { get; init; } = 0.1;
}
