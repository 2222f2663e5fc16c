using System.Globalization;

namespace LatentDiffusion.Judge;

/// <summary>What is measured so far, written into the page after every cell.</summary>
/// <param name="bench">Where it is measured.</param>
/// <param name="folder">Folder of the page; null for none.</param>
internal sealed class QualityReport(QualityBench bench, string? folder)
{
    private const string PlotFile = "quality-solvers.png";

    private readonly Dictionary<string, List<CellResult>> _results = [];

    public void Add(string table, CellResult result)
    {
        if (!_results.TryGetValue(table, out List<CellResult>? results)) _results[table] = results = [];
        results.Add(result);
    }

    /// <summary>Writes the tables that have rows, and the plot.</summary>
    public void Write()
    {
        if (folder is null) return;
        string page = Path.Combine(folder, QualityCommand.Page);
        foreach ((string table, List<CellResult> results) in _results)
        {
            string plot = table == QualityCells.Solvers ? $"\n![Quality against evaluations](images/{PlotFile})\n" : "";
            GeneratedPage.Replace(page, table, $"{Caption()}\n\n{Text(table, results)}{plot}");
            if (plot.Length == 0) continue;
            byte[] png = SolverPlot.Draw(results, _results.GetValueOrDefault(QualityCells.Plain)?.FirstOrDefault());
            AtomicFile.Write(Path.Combine(Directory.CreateDirectory(Path.Combine(folder, "images")).FullName, PlotFile), stream => stream.Write(png));
        }
    }

    /// <summary>Writes the tables alone.</summary>
    public void Print(TextWriter output)
    {
        output.WriteLine(Caption());
        foreach ((string table, List<CellResult> results) in _results) output.Write($"\n{table}\n\n{Text(table, results)}");
    }

    private string Caption() => string.Create(
        CultureInfo.InvariantCulture, $"{bench.Orders.Count} pictures each; two sets of as many real drawings have a Fréchet distance of {bench.RealDistance:F2}.");

    private static string Text(string table, List<CellResult> results) =>
        table == QualityCells.Solvers ? QualityTables.Solvers(results) : QualityTables.Rows(results);
}
