using LatentDiffusion.Tests.Schedulers.Exact;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace LatentDiffusion.Benchmarks;

/// <summary>Error against network evaluations, on logarithmic axes: one panel for each order.</summary>
internal static class ConvergencePlot
{
    private const int PanelWidth = 720, PanelHeight = 760;

    public static void Save((Solver Solver, Convergence[] Points)[] results, string path)
    {
        Multiplot figure = new();
        IGrouping<int, (Solver Solver, Convergence[] Points)>[] panels =
            [.. results.GroupBy(r => Math.Min(r.Solver.Order, 3)).OrderBy(g => g.Key)];
        figure.AddPlots(panels.Length);
        figure.Layout = new ScottPlot.MultiplotLayouts.Columns();
        for (int i = 0; i < panels.Length; i++)
            Draw(figure.GetPlot(i), $"order {panels[i].Key}{(panels[i].Key == 3 ? " and more" : "")}", [.. panels[i]]);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        figure.SavePng(path, PanelWidth * panels.Length, PanelHeight);
    }

    private static void Draw(Plot plot, string title, (Solver Solver, Convergence[] Points)[] results)
    {
        plot.Title(title);
        plot.XLabel("network evaluations");
        plot.YLabel("root mean square error");
        MarkerShape[] markers =
        [
            MarkerShape.FilledCircle, MarkerShape.FilledSquare, MarkerShape.FilledDiamond, MarkerShape.FilledTriangleUp,
            MarkerShape.OpenCircle, MarkerShape.OpenSquare,
        ];
        IPalette palette = new ScottPlot.Palettes.Category10();
        for (int i = 0; i < results.Length; i++)
        {
            (Solver solver, Convergence[] points) = results[i];
            ScottPlot.Plottables.Scatter line = plot.Add.Scatter(
                points.Select(p => Math.Log10(p.Evaluations)).ToArray(),
                points.Select(p => Math.Log10(Math.Max(p.Error, 1e-9))).ToArray(),
                palette.GetColor(i));
            line.LegendText = solver.Name;
            line.MarkerShape = markers[i % markers.Length];
            line.LinePattern = i < 10 ? LinePattern.Solid : LinePattern.Dashed;
        }

        plot.Axes.Bottom.TickGenerator = Decades();
        plot.Axes.Left.TickGenerator = Decades();
        plot.Axes.SetLimits(0.5, 2.9, -9, 0.5);
        plot.Legend.Alignment = Alignment.LowerLeft;
        plot.Legend.FontSize = 10;
    }

    private static NumericAutomatic Decades() => new()
    {
        IntegerTicksOnly = true,
        MinorTickGenerator = new LogMinorTickGenerator(),
        LabelFormatter = exponent => exponent >= 0
            ? Math.Pow(10, exponent).ToString("0", System.Globalization.CultureInfo.InvariantCulture)
            : $"1e{exponent:0}",
    };
}
