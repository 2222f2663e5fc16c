using ScottPlot;
using ScottPlot.Plottables;

namespace LatentDiffusion.Evaluation;

/// <summary>
/// Cumulative distribution of distances to the nearest training image, for generated and for unseen images.
/// </summary>
internal static class NeighbourPlot
{
    private const int Width = 860, Height = 380;

    public static byte[] Draw(NeighbourReport report)
    {
        Plot plot = new();
        plot.Title("Distance to the nearest training image");
        plot.XLabel($"root mean square difference of {report.Features}");
        plot.YLabel("fraction of images as near");
        double[] generated = [.. report.Pairs.Select(p => p.Distance)], test = [.. report.TestDistances];
        double right = 1.05 * Math.Max(generated[^1], test[^1]);
        Add(plot, "generated", generated, right, Color.FromHex("#d62728"));
        Add(plot, "test (unseen)", test, right, Color.FromHex("#1f77b4"));
        plot.Legend.Alignment = Alignment.UpperLeft;
        plot.ShowLegend();
        plot.Axes.SetLimits(0, right, 0, 1.02);
        return plot.GetImage(Width, Height).GetImageBytes(ImageFormat.Png);
    }

    private static void Add(Plot plot, string name, double[] ascending, double right, Color color)
    {
        var xs = new List<double> { 0 };
        var ys = new List<double> { 0 };
        for (int i = 0; i < ascending.Length; i++)
        {
            xs.AddRange([ascending[i], ascending[i]]);
            ys.AddRange([(double)i / ascending.Length, (i + 1.0) / ascending.Length]);
        }

        xs.Add(right);
        ys.Add(1);
        Scatter line = plot.Add.ScatterLine(xs.ToArray(), ys.ToArray(), color);
        line.LegendText = name;
        line.LineWidth = 2;
    }
}
