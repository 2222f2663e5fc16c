using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Guidance;

/// <summary>How <see cref="AdaptiveProjectedGuidance"/> steers.</summary>
public sealed record AdaptiveProjectedGuidanceOptions
{
    /// <summary>η, published name <c>eta</c>: fraction kept of the part that only saturates. In [0, 1], default 0; 1 keeps all.</summary>
    [Range(0.0, 1.0)]
    public double Eta { get; init; }

    /// <summary>
    /// r, published name <c>adaptive_projected_guidance_rescale</c>: the largest Euclidean norm of an image's step. Above 0;
    /// default 15, the paper's for Stable Diffusion XL (7.5 for 2.1); infinity bounds nothing.
    /// </summary>
    [Range(0.0, double.PositiveInfinity, MinimumIsExclusive = true)]
    public double Rescale { get; init; } = 15;

    /// <inheritdoc cref="ClassifierFreeGuidanceOptions.SeparatePasses"/>
    public bool SeparatePasses { get; init; }
}
