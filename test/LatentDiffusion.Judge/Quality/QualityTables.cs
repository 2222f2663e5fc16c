using System.Globalization;

namespace LatentDiffusion.Judge;

/// <summary>The tables of the page, of what is measured so far.</summary>
internal static class QualityTables
{
    private const string Missing = "";
    private static readonly string[] s_head = ["", "evaluations", "seconds", "all right", "subject", "colour", "attribute", "Fréchet"];

    /// <summary>A row for each result.</summary>
    public static string Rows(IEnumerable<CellResult> results) => Table.Markdown(s_head, results.Select(r => r.Refused is null
        ? (string[])[r.Row, $"{r.Evaluations}", Number(r.Seconds, "F2"), Percent.Of(r.All), Share(r, JudgeScorer.Subject), Share(r, JudgeScorer.Color), Share(r, JudgeScorer.Attribute), Number(r.Frechet, "F2")]
        : [r.Row, $"not possible: {r.Refused}", Missing, Missing, Missing, Missing, Missing, Missing]));

    /// <summary>A row for each solver and a column for each budget: share of pictures in which all is right, and Fréchet distance.</summary>
    public static string Solvers(IReadOnlyList<CellResult> results)
    {
        string[] columns = [.. QualityCells.Budgets.Select(b => $"{b}")];
        return Table.Markdown(
            ["", .. columns],
            results.GroupBy(r => r.Row).Select(row => (string[])[row.Key, .. columns.Select(column => Cell(row.FirstOrDefault(r => r.Column == column)))]));
    }

    private static string Cell(CellResult? result) => result switch
    {
        null => Missing,
        { Refused: not null } => "not possible",
        _ => string.Create(CultureInfo.InvariantCulture, $"{100 * result.All!.Share:F0} %, {result.Frechet:F1}"),
    };

    private static string Share(CellResult result, string aspect) =>
        result.Aspects.FirstOrDefault(a => a.Aspect == aspect) is { } found ? Number(100 * found.Right.Share, "F1") + " %" : Missing;

    private static string Number(double? number, string format) => number?.ToString(format, CultureInfo.InvariantCulture) ?? Missing;
}
