using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Guidance;

/// <summary>How <see cref="ConditionalGuidance"/> evaluates and limits predictions.</summary>
public sealed record ConditionalGuidanceOptions
{
    /// <inheritdoc cref="ClassifierFreeGuidanceOptions.SeparatePasses"/>
    public bool SeparatePasses { get; init; }

    /// <summary>
    /// The most that the norm of a guided prediction is, as a multiple of the norm of the conditional one; published as
    /// <c>cfg_normalization</c>. Above 0. Null, the default, for no limit.
    /// </summary>
    [Range(0.0, double.MaxValue, MinimumIsExclusive = true)]
    public double? MaximumNorm { get; init; }
}
