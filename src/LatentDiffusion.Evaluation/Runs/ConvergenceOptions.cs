using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Evaluation;

/// <summary>Options of <see cref="Convergence"/>.</summary>
public sealed record ConvergenceOptions
{
    /// <summary>
    /// Fraction of all steps that the window covers, from the end, in (0, 1]. Default 0.5: long enough to average out the noise,
    /// short enough for the curve to be nearly straight.
    /// </summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true)]
    public double Window { get; init; } = 0.5;

    /// <summary>Minimum number of validations in the window, at least 5; with fewer it is too early to judge. Default 8.</summary>
    [Range(5, int.MaxValue)]
    public int LeastPoints { get; init; } = 8;

    /// <summary>
    /// Confidence of the slope's interval, in (0, 1). Default 0.95: at most every twentieth flat curve is reported as moving.
    /// </summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true, MaximumIsExclusive = true)]
    public double Confidence { get; init; } = 0.95;
}
