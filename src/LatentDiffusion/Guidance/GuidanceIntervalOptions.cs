using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Guidance;

/// <summary>Range in which <see cref="IntervalGuidance"/> guides. All bounds apply; the defaults exclude nothing.</summary>
public sealed record GuidanceIntervalOptions : IValidatableObject
{
    /// <summary>Guidance applies above this σ, published σ_lo. At least 0, default 0.</summary>
    [Range(0.0, double.PositiveInfinity)]
    public double MinimumSigma { get; init; }

    /// <summary>Guidance applies up to this σ, published σ_hi. Above <see cref="MinimumSigma"/>, default none.</summary>
    [Range(0.0, double.PositiveInfinity)]
    public double MaximumSigma { get; init; } = double.PositiveInfinity;

    /// <summary>
    /// Guidance starts at this fraction of the way from noise (0) to image (1), published name <c>start</c>. Measured in
    /// training timesteps, 1 − t/T, which is the fraction of steps where steps are evenly spaced. In [0, 1], default 0.
    /// </summary>
    [Range(0.0, 1.0)]
    public double Start { get; init; }

    /// <summary>
    /// Guidance stops at this fraction of the way, published name <c>stop</c>. Above <see cref="Start"/>, in [0, 1], default 1.
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
