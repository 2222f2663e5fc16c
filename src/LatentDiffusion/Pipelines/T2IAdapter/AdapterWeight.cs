namespace LatentDiffusion;

/// <summary>
/// How strongly and how long a T2I-Adapter controls one generation. Null properties keep the values of
/// <see cref="T2IAdapterBuilderExtensions.UseT2IAdapter"/>.
/// </summary>
public sealed record AdapterWeight
{
    /// <summary>
    /// Factor of its feature maps, any finite number; 1 is as trained, and 0 disables it. Published name
    /// <c>adapter_conditioning_scale</c>.
    /// </summary>
    public double? Scale { get; init; }

    /// <summary>
    /// Fraction of the steps, from the first, in which it controls, above 0 and at most 1. Published name
    /// <c>adapter_conditioning_factor</c>.
    /// </summary>
    public double? ConditioningFactor { get; init; }

    /// <summary>These values, replaced by those that another weight has.</summary>
    internal AdapterWeight With(AdapterWeight other) =>
        new() { Scale = other.Scale ?? Scale, ConditioningFactor = other.ConditioningFactor ?? ConditioningFactor };

    /// <summary>Whether complete weights control an evaluation.</summary>
    /// <param name="evaluation">From 0.</param>
    /// <param name="evaluations">How many there are.</param>
    internal bool Acts(int evaluation, int evaluations) => Scale != 0 && evaluation < (int)(evaluations * ConditioningFactor!.Value);
}
