using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Evaluation;

/// <summary>How a trend is judged.</summary>
public sealed record ConvergenceOptions
{
    /// <summary>
    /// Share of all steps done that the window of the judgement reaches back, in (0, 1]. Default 0.5: long enough for the noise
    /// to average out, short enough that the curve is nearly straight.
    /// </summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true)]
    public double Window { get; init; } = 0.5;

    /// <summary>Validations that the window must hold, at least 5; with fewer it is too early to tell. Default 8.</summary>
    [Range(5, int.MaxValue)]
    public int LeastPoints { get; init; } = 8;

    /// <summary>Confidence of the slope's interval, in (0, 1). Default 0.95: at most every twentieth flat curve is said to move.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true, MaximumIsExclusive = true)]
    public double Confidence { get; init; } = 0.95;
}
