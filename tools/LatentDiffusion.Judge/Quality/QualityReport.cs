using System.Globalization;

namespace LatentDiffusion.Judge;

/// <summary>Results so far, written to the page after every cell.</summary>
/// <param name="bench">Measures the cells.</param>
/// <param name="cells">All cells, in the order of the rows.</param>
/// <param name="folder">Folder of the page; null for no page.</param>
internal sealed class QualityReport(QualityBench bench, IReadOnlyList<QualityCell> cells, string? folder)
{
    private const string PlotFile = "quality-solvers.png";

    private readonly Dictionary<QualityCell, CellResult> _results = [];

    /// <summary>Sets the result of a cell.</summary>
    public void Set(QualityCell cell, CellResult result) => _results[cell] = result;

    /// <summary>Writes the tables that have rows, and the plot.</summary>
    public void Write()
    {
        if (folder is null) return;
        string page = Path.Combine(folder, QualityCommand.Page);
        foreach ((string table, CellResult[] results) in Tables())
        {
            string plot = table == QualityCells.Solvers ? $"\n![Quality against evaluations](images/{PlotFile})\n" : "";
            GeneratedPage.Replace(page, table, $"{Caption()}\n\n{Text(table, results)}{plot}");
            if (plot.Length == 0) continue;
            byte[] png = SolverPlot.Draw(results, _results.FirstOrDefault(r => r.Key.Table == QualityCells.Plain).Value);
            string images = Directory.CreateDirectory(Path.Combine(folder, "images")).FullName;
            AtomicFile.Write(Path.Combine(images, PlotFile), stream => stream.Write(png));
        }
    }

    /// <summary>Writes only the tables.</summary>
    public void Print(TextWriter output)
    {
        output.WriteLine(Caption());
        foreach ((string table, CellResult[] results) in Tables()) output.Write($"\n{table}\n\n{Text(table, results)}");
    }

    private IEnumerable<(string Table, CellResult[] Results)> Tables() =>
        cells.Where(_results.ContainsKey).GroupBy(c => c.Table)
            .Select(table => (table.Key, table.Select(cell => _results[cell]).ToArray()));

    private string Caption() => string.Create(
        CultureInfo.InvariantCulture,
        $"{bench.Requests.Count} images each; two sets of as many real drawings have a Fréchet distance of {bench.Real.Distance:F1} "
        + $"and a kernel distance of {bench.Real.Kernel:F1}.");

    private static string Text(string table, CellResult[] results) =>
        table == QualityCells.Solvers ? QualityTables.Solvers(results) : QualityTables.Rows(results);
}
