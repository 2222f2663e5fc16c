using ScottPlot;
using ScottPlot.Plottables;
using ScottPlot.TickGenerators;

namespace LatentDiffusion.Judge;

/// <summary>
/// Quality against network evaluations, one line per solver: kernel distance on the left, percentage of right images on the
/// right.
/// </summary>
internal static class SolverPlot
{
    private const int PanelWidth = 760, PanelHeight = 620, Colors = 10, LeastPercentage = 60;

    /// <param name="results">Results of the solvers.</param>
    /// <param name="plain">Result of plain DDPM with all steps; null if it is not measured.</param>
    /// <returns>A PNG file.</returns>
    public static byte[] Draw(IReadOnlyList<CellResult> results, CellResult? plain)
    {
        Multiplot figure = new();
        figure.AddPlots(2);
        figure.Layout = new ScottPlot.MultiplotLayouts.Columns();
        Panel(figure.GetPlot(0), "kernel distance from unseen drawings", results, plain, r => r.Kernel);
        Panel(figure.GetPlot(1), "images in which all is right, %", results, plain, r => 100 * r.All!.Fraction);
        // Wide enough that random variation does not look like a difference.
        figure.GetPlot(0).Axes.SetLimitsY(0, 1.1 * results.Where(r => r.Refused is null).Max(r => r.Kernel));
        figure.GetPlot(1).Axes.SetLimitsY(LeastPercentage, 100);
        figure.GetPlot(0).HideLegend();
        figure.GetPlot(1).ShowLegend(Edge.Right);
        return figure.Render(2 * PanelWidth, PanelHeight).GetImageBytes(ImageFormat.Png);
    }

    private static void Panel(Plot plot, string label, IReadOnlyList<CellResult> results, CellResult? plain, Func<CellResult, double> value)
    {
        plot.XLabel("network evaluations");
        plot.YLabel(label);
        IPalette palette = new ScottPlot.Palettes.Category10();
        foreach ((int i, IGrouping<string, CellResult> row) in results.Where(r => r.Refused is null).GroupBy(r => r.Row).Index())
        {
            CellResult[] points = [.. row.OrderBy(r => r.Evaluations)];
            Scatter line = plot.Add.Scatter(
                points.Select(p => Math.Log10(p.Evaluations)).ToArray(), points.Select(value).ToArray(), palette.GetColor(i % Colors));
            line.LegendText = row.Key;
            // The legend shows markers but not line patterns.
            (line.LinePattern, line.MarkerShape) = i < Colors
                ? (LinePattern.Solid, MarkerShape.FilledCircle)
                : (LinePattern.Dashed, MarkerShape.OpenSquare);
        }

        if (plain is { Refused: null })
        {
            HorizontalLine level = plot.Add.HorizontalLine(value(plain), 1.5f, ScottPlot.Colors.Black, LinePattern.Dotted);
            level.LegendText = "DDPM, 1000";
        }

        plot.Axes.Bottom.TickGenerator = new NumericManual(
            [.. QualityCells.Budgets.Select(b => Math.Log10(b))], [.. QualityCells.Budgets.Select(b => $"{b}")]);
    }
}
