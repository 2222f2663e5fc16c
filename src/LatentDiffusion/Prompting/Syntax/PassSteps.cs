using System.Globalization;

namespace LatentDiffusion.Prompting;

/// <summary>The steps that the numbers of a prompt count.</summary>
/// <param name="Steps">Number of steps of the pass.</param>
/// <param name="Before">Number of steps of the pass before; null for the first pass.</param>
internal readonly record struct PassSteps(int Steps, int? Before)
{
    /// <summary>The last step before a change, at most the last one; less than 1 if the change lies before the pass.</summary>
    /// <param name="when">A number: with a decimal point a fraction of a pass, without one a number of steps.</param>
    public int LastBefore(string when)
    {
        double number = double.Parse(when, NumberStyles.Float, CultureInfo.InvariantCulture);
        bool isFraction = when.Contains('.', StringComparison.Ordinal);
        double step = isFraction ? (number - (Before is null ? 0 : 1)) * Steps : number - (Before ?? 0);
        return (int)Math.Clamp(Math.Truncate(step), int.MinValue, Steps);
    }
}
