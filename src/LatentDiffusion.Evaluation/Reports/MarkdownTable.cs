using System.Globalization;
using System.Text;

namespace LatentDiffusion.Evaluation;

/// <summary>Formats tables and numbers of the page.</summary>
internal static class MarkdownTable
{
    public static void AppendTable(this StringBuilder page, IReadOnlyList<string> head, IEnumerable<IReadOnlyList<string>> rows)
    {
        page.Append("| ").AppendJoin(" | ", head).Append(" |\n|").Append(string.Concat(Enumerable.Repeat("---|", head.Count))).Append('\n');
        foreach (IReadOnlyList<string> row in rows) page.Append("| ").AppendJoin(" | ", row.Select(Escaped)).Append(" |\n");
        page.Append('\n');
    }

    public static string Number(double value, string format = "G4") => value.ToString(format, CultureInfo.InvariantCulture);

    public static string Interval(Estimate estimate, string format = "F4") =>
        $"{Number(estimate.Mean, format)} ({Number(estimate.Low, format)} to {Number(estimate.High, format)})";

    public static string Percent(Proportion proportion) => string.Create(
        CultureInfo.InvariantCulture,
        $"{100 * proportion.Fraction:F1} % ({100 * proportion.Low:F1} to {100 * proportion.High:F1}), "
        + $"{proportion.Successes} of {proportion.Count}");

    /// <summary>Escapes characters that a caption may contain and a table may not.</summary>
    public static string Escaped(string text) => text
        .Replace("|", "\\|", StringComparison.Ordinal)
        .ReplaceLineEndings(" ")
        .Replace("<", "&lt;", StringComparison.Ordinal);
}
