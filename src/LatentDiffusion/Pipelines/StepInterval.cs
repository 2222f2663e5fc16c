namespace LatentDiffusion;

/// <summary>The evaluations between two fractions of the steps.</summary>
internal static class StepInterval
{
    /// <summary>Whether an evaluation lies within them.</summary>
    /// <param name="start">Fraction of the steps before the first.</param>
    /// <param name="end">Fraction of the steps after the last.</param>
    /// <param name="evaluation">From 0.</param>
    /// <param name="evaluations">How many there are.</param>
    public static bool Contains(double? start, double? end, int evaluation, int evaluations) =>
        (double)evaluation / evaluations >= start && (double)(evaluation + 1) / evaluations <= end;

    /// <summary>Checks the arguments of a builder.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One is out of its range.</exception>
    public static void CheckArguments(double scale, double start, double end)
    {
        if (!double.IsFinite(scale)) throw new ArgumentOutOfRangeException(nameof(scale), scale, "A scale is a finite number.");
        if (!(start >= 0 && start < 1))
            throw new ArgumentOutOfRangeException(nameof(start), start, "The start is a fraction of the steps, at least 0 and below 1.");
        if (!(end > start && end <= 1))
            throw new ArgumentOutOfRangeException(nameof(end), end, "The end is a fraction of the steps, above the start and at most 1.");
    }

    /// <summary>Checks a complete weight of a request.</summary>
    /// <param name="name">Name of the weight.</param>
    /// <param name="scale">Its scale.</param>
    /// <param name="start">Its start.</param>
    /// <param name="end">Its end.</param>
    /// <exception cref="ArgumentException">One is out of its range; the message names it.</exception>
    public static void Check(string name, double? scale, double? start, double? end)
    {
        RequestValidator.Check(double.IsFinite(scale!.Value), $"{name}.Scale", scale, "a finite number");
        RequestValidator.Check(start is >= 0 and < 1, $"{name}.Start", start, "at least 0 and below 1");
        string expected = FormattableString.Invariant($"above the start, {start}, and at most 1");
        RequestValidator.Check(end > start && end <= 1, $"{name}.End", end, expected);
    }
}
