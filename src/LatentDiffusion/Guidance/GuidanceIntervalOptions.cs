using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Guidance;

/// <summary>Where <see cref="IntervalGuidance"/> guides. All bounds hold at once; the defaults leave nothing out.</summary>
public sealed record GuidanceIntervalOptions : IValidatableObject
{
    /// <summary>σ above which is guided: published σ_lo. At least 0, default 0.</summary>
    [Range(0.0, double.PositiveInfinity)]
    public double MinimumSigma { get; init; }

    /// <summary>σ up to which is guided: published σ_hi. Above <see cref="MinimumSigma"/>, default none.</summary>
    [Range(0.0, double.PositiveInfinity)]
    public double MaximumSigma { get; init; } = double.PositiveInfinity;

    /// <summary>
    /// Share of the way from noise (0) to image (1) from which is guided, published name <c>start</c>. Measured in
    /// training timesteps, 1 − t/T, which is the share of steps wherever steps are evenly spaced. In [0, 1], default 0.
    /// </summary>
    [Range(0.0, 1.0)]
    public double Start { get; init; }

    /// <summary>
    /// Share of the way up to which is guided, published name <c>stop</c>. Above <see cref="Start"/>, in [0, 1], default 1.
    /// </summary>
    [Range(0.0, 1.0)]
    public double Stop { get; init; } = 1;

    /// <summary>Checks that neither interval is empty.</summary>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (MinimumSigma >= MaximumSigma)
            yield return new($"MaximumSigma is {MaximumSigma}; it must be above MinimumSigma, {MinimumSigma}.", [nameof(MaximumSigma)]);
        if (Start >= Stop) yield return new($"Stop is {Stop}; it must be above Start, {Start}.", [nameof(Stop)]);
    }
}
