using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Guidance;

/// <summary>Where <see cref="DynamicThresholdingGuidance"/> cuts.</summary>
public sealed record DynamicThresholdingOptions : IValidatableObject
{
    /// <summary>
    /// Quantile of an image's absolute values that is its threshold, published name <c>dynamic_thresholding_ratio</c>. In [0, 1], default
    /// 0.995.
    /// </summary>
    [Range(0.0, 1.0)]
    public double DynamicThresholdingRatio { get; init; } = 0.995;

    /// <summary>
    /// Upper bound of the threshold, published name <c>sample_max_value</c>. At least <see cref="SampleRange"/>; with equality
    /// values are clipped and not scaled. Default none, as in the paper.
    /// </summary>
    [Range(0.0, double.PositiveInfinity)]
    public double SampleMaxValue { get; init; } = double.PositiveInfinity;

    /// <summary>
    /// Largest absolute value that clean samples have, which thresholded samples are scaled back to. Above 0; default 1, that
    /// of pixels. Latents reach further: those of Stable Diffusion about 4.
    /// </summary>
    [Range(0.0, 1e6, MinimumIsExclusive = true)]
    public double SampleRange { get; init; } = 1;

    /// <summary>Checks that the bounds agree.</summary>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (SampleMaxValue < SampleRange)
            yield return new(
                $"SampleMaxValue is {SampleMaxValue}; it must be at least SampleRange, {SampleRange}.", [nameof(SampleMaxValue)]);
    }
}
