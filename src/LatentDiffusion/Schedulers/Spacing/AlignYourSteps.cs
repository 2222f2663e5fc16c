namespace LatentDiffusion.Schedulers;

/// <summary>
/// Sampling schedules optimised for a model family (Sabour et al. 2024, "Align Your Steps"), for
/// <see cref="SamplingOptions.Timesteps"/> or <see cref="SamplingOptions.Sigmas"/>.
/// </summary>
public static class AlignYourSteps
{
    private static readonly Dictionary<string, double[]> s_timesteps = new(StringComparer.OrdinalIgnoreCase)
    {
        ["StableDiffusion"] = [999, 850, 736, 645, 545, 455, 343, 233, 124, 24],
        ["StableDiffusionXL"] = [999, 845, 730, 587, 443, 310, 193, 116, 53, 13],
    };

    private static readonly Dictionary<string, double[]> s_sigmas = new(StringComparer.OrdinalIgnoreCase)
    {
        ["StableDiffusion"] = [14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152],
        ["StableDiffusionXL"] = [14.615, 6.315, 3.771, 2.181, 1.342, 0.862, 0.555, 0.380, 0.234, 0.113],
        ["StableDiffusionVideo"] = [700.00, 54.5, 15.886, 7.977, 4.248, 1.789, 0.981, 0.403, 0.173, 0.034],
    };

    /// <summary>
    /// The model families that have noise levels: <c>StableDiffusion</c>, <c>StableDiffusionXL</c>, <c>StableDiffusionVideo</c>.
    /// </summary>
    public static IReadOnlyCollection<string> Names => s_sigmas.Keys;

    /// <summary>The ten timesteps of a family.</summary>
    /// <param name="name"><c>StableDiffusion</c> or <c>StableDiffusionXL</c>, in any case.</param>
    /// <exception cref="ArgumentException">The name is unknown.</exception>
    public static IReadOnlyList<double> Timesteps(string name) => Find(s_timesteps, name);

    /// <summary>The noise levels of a family, descending and without the final zero.</summary>
    /// <param name="name">One of <see cref="Names"/>, in any case.</param>
    /// <param name="steps">How many; those other than 10 are interpolated in log σ as the paper advises. At least 1.</param>
    /// <exception cref="ArgumentException">The name is unknown.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="steps"/> is less than 1.</exception>
    public static IReadOnlyList<double> Sigmas(string name, int steps = 10)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        double[] table = Find(s_sigmas, name);
        if (steps == table.Length) return table;
        double[] logs = [.. table.Select(s => Math.Log(s))];
        return [.. Grids.Linspace(0, table.Length - 1, steps).Select(x => Math.Exp(Grids.Interpolate(logs, x)))];
    }

    private static double[] Find(Dictionary<string, double[]> tables, string name) =>
        tables.TryGetValue(name, out double[]? table)
            ? table
            : throw new ArgumentException(
                $"'{MessageText.Truncate(name, 100)}' is not an Align-Your-Steps table; expected one of {string.Join(", ", tables.Keys)}.",
                nameof(name));
}
