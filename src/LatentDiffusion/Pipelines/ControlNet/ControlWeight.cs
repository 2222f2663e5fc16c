namespace LatentDiffusion;

/// <summary>
/// How strongly and when a ControlNet controls one generation. Null properties keep the values of
/// <see cref="ControlNetBuilderExtensions.UseControlNet"/>.
/// </summary>
public sealed record ControlWeight
{
    /// <summary>What its residuals are multiplied by, any finite number; 1 is as trained, and 0 is no control.</summary>
    public double? Scale { get; init; }

    /// <summary>Share of the steps before it begins to control, at least 0 and below 1.</summary>
    public double? Start { get; init; }

    /// <summary>Share of the steps until which it controls, above <see cref="Start"/> and at most 1.</summary>
    public double? End { get; init; }

    /// <summary>These values, replaced by those that another weight has.</summary>
    internal ControlWeight With(ControlWeight other) =>
        new() { Scale = other.Scale ?? Scale, Start = other.Start ?? Start, End = other.End ?? End };

    /// <summary>Whether complete weights control an evaluation.</summary>
    /// <param name="evaluation">From 0.</param>
    /// <param name="evaluations">How many there are.</param>
    internal bool Acts(int evaluation, int evaluations) =>
        (double)evaluation / evaluations >= Start && (double)(evaluation + 1) / evaluations <= End;
}
