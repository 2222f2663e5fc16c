using System.Globalization;

namespace LatentDiffusion.Judge;

/// <summary>What is measured so far, written into the page after every cell.</summary>
/// <param name="bench">Where it is measured.</param>
/// <param name="cells">All cells, in the order of the tables' rows.</param>
/// <param name="folder">Folder of the page; null for none.</param>
internal sealed class QualityReport(QualityBench bench, IReadOnlyList<QualityCell> cells, string? folder)
{
    private const string PlotFile = "quality-solvers.png";

    private readonly Dictionary<QualityCell, CellResult> _results = [];

    /// <summary>Takes a result in, in place of one of the same cell.</summary>
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
            AtomicFile.Write(Path.Combine(Directory.CreateDirectory(Path.Combine(folder, "images")).FullName, PlotFile), stream => stream.Write(png));
        }
    }

    /// <summary>Writes the tables alone.</summary>
    public void Print(TextWriter output)
    {
        output.WriteLine(Caption());
        foreach ((string table, CellResult[] results) in Tables()) output.Write($"\n{table}\n\n{Text(table, results)}");
    }

    private IEnumerable<(string Table, CellResult[] Results)> Tables() =>
        cells.Where(_results.ContainsKey).GroupBy(c => c.Table).Select(table => (table.Key, table.Select(cell => _results[cell]).ToArray()));

    private string Caption() => string.Create(
        CultureInfo.InvariantCulture,
        $"{bench.Orders.Count} pictures each; two sets of as many real drawings have a Fréchet distance of {bench.Real.Distance:F1} and a kernel distance of {bench.Real.Kernel:F1}.");

    private static string Text(string table, CellResult[] results) =>
        table == QualityCells.Solvers ? QualityTables.Solvers(results) : QualityTables.Rows(results);
}
