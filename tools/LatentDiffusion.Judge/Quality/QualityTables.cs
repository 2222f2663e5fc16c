using System.Globalization;

namespace LatentDiffusion.Judge;

/// <summary>The tables of the page, with the results so far.</summary>
internal static class QualityTables
{
    private const string Missing = "";

    /// <summary>One row per result; with seconds if any were measured.</summary>
    public static string Rows(IReadOnlyList<CellResult> results)
    {
        bool timed = results.Any(r => r.Seconds is not null);
        string[] seconds = timed ? ["seconds"] : [];
        string[] head = ["", "evaluations", .. seconds, "all right", "subject", "colour", "attribute", "Fréchet", "kernel"];
        return Table.Markdown(head, results.Select(Row));

        string[] Row(CellResult r)
        {
            if (r.Refused is not null) return [r.Row, $"not possible: {r.Refused}", .. Enumerable.Repeat(Missing, head.Length - 2)];
            string[] time = timed ? [Number(r.Seconds, "F2")] : [];
            return
            [
                r.Row,
                $"{r.Evaluations}",
                .. time,
                Percent.Format(r.All),
                PercentOf(r, JudgeScorer.Subject),
                PercentOf(r, JudgeScorer.Color),
                PercentOf(r, JudgeScorer.Attribute),
                Number(r.Frechet, "F1"),
                Number(r.Kernel, "F1"),
            ];
        }
    }

    /// <summary>
    /// One row per solver and one column per budget: percentage of images in which everything is right, and kernel distance.
    /// </summary>
    public static string Solvers(IReadOnlyList<CellResult> results)
    {
        string[] columns = [.. QualityCells.Budgets.Select(b => $"{b}")];
        return Table.Markdown(
            ["", .. columns],
            results.GroupBy(r => r.Row).Select(row =>
                (string[])[row.Key, .. columns.Select(column => Cell(row.FirstOrDefault(r => r.Column == column)))]));
    }

    private static string Cell(CellResult? result)
    {
        if (result is null) return Missing;
        if (result.Refused is not null) return "not possible";
        string evaluations = result.Column == $"{result.Evaluations}" ? "" : $" ({result.Evaluations})";
        return string.Create(
            CultureInfo.InvariantCulture, $"{100 * result.All!.Fraction:F0} %, {result.Kernel:F1}{evaluations}");
    }

    private static string PercentOf(CellResult result, string aspect) =>
        result.Aspects.FirstOrDefault(a => a.Aspect == aspect) is { } found ? Number(100 * found.Right.Fraction, "F1") + " %" : Missing;

    private static string Number(double? number, string format) => number?.ToString(format, CultureInfo.InvariantCulture) ?? Missing;
}
