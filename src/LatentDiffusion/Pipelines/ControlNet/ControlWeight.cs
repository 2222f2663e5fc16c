namespace LatentDiffusion;

/// <summary>
/// How strongly and when a ControlNet controls one generation. Null properties keep the values of
/// <see cref="ControlNetBuilderExtensions.UseControlNet"/>.
/// </summary>
public sealed record ControlWeight
{
    /// <summary>Factor of its residuals, any finite number; 1 is as trained, and 0 disables control.</summary>
    public double? Scale { get; init; }

    /// <summary>Fraction of the steps before it begins to control, at least 0 and below 1.</summary>
    public double? Start { get; init; }

    /// <summary>Fraction of the steps after which it stops controlling, above <see cref="Start"/> and at most 1.</summary>
    public double? End { get; init; }

    /// <summary>
    /// The control type that the image shows, for a union ControlNet: from 0 to below its number of types. Null keeps that of
    /// <see cref="ControlNetBuilderExtensions.UseControlNetUnion"/>.
    /// Must be null for other ControlNets. Published name <c>control_mode</c>.
    /// </summary>
    public int? Mode { get; init; }

    /// <summary>These values, replaced by those that another weight has.</summary>
    internal ControlWeight With(ControlWeight other) =>
        new()
        {
            Scale = other.Scale ?? Scale, Start = other.Start ?? Start, End = other.End ?? End, Mode = other.Mode ?? Mode,
        };

    /// <summary>Whether complete weights control an evaluation.</summary>
    /// <param name="evaluation">From 0.</param>
    /// <param name="evaluations">How many there are.</param>
    internal bool Acts(int evaluation, int evaluations) => StepInterval.Contains(Start, End, evaluation, evaluations);
}
