using System.Globalization;
using LatentDiffusion.Evaluation;

namespace LatentDiffusion.Judge;

/// <summary>Proportions in tables.</summary>
internal static class Percent
{
    /// <summary>A proportion in percent, with its interval; "-" for null.</summary>
    public static string Format(Proportion? proportion) => proportion is not { } p
        ? "-"
        : string.Create(CultureInfo.InvariantCulture, $"{100 * p.Fraction:F1} % ({100 * p.Low:F1} to {100 * p.High:F1})");
}
