using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Guidance;

/// <summary>How much <see cref="RescaledGuidance"/> rescales.</summary>
public sealed record RescaledGuidanceOptions
{
    /// <summary>
    /// φ, published name <c>guidance_rescale</c>: 0 leaves guidance as it is, 1 gives the conditional prediction's spread. In [0, 1],
    /// default 0.7.
    /// </summary>
    [Range(0.0, 1.0)]
    public double GuidanceRescale { get; init; } = 0.7;
}
