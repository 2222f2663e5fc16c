using System.Globalization;
using LatentDiffusion.Evaluation;

namespace LatentDiffusion.Judge;

/// <summary>Shares in tables.</summary>
internal static class Percent
{
    /// <summary>In percent, with its interval.</summary>
    public static string Of(Proportion? share) => share is null
        ? "-"
        : string.Create(CultureInfo.InvariantCulture, $"{100 * share.Fraction:F1} % ({100 * share.Low:F1} to {100 * share.High:F1})");
}
