using ScottPlot;
using ScottPlot.Plottables;

namespace LatentDiffusion.Evaluation;

/// <summary>Loss by timestep with confidence intervals, for test and training images, and the gap between them.</summary>
internal static class TimestepLossPlot
{
    private const int Width = 860, PanelHeight = 380;

    private static readonly Color s_test = Color.FromHex("#1f77b4"), s_training = Color.FromHex("#ff7f0e");
    private static readonly Color s_gap = Color.FromHex("#444444");

    public static byte[] Draw(DenoisingLoss test, LossComparison? comparison)
    {
        Multiplot figure = new();
        int panels = comparison is null ? 1 : 2;
        figure.AddPlots(panels);
        figure.Layout = new ScottPlot.MultiplotLayouts.Rows();
        Plot losses = figure.GetPlot(0);
        string prediction = test.PredictionType.ToString().ToLowerInvariant();
        losses.Title($"Denoising loss ({prediction}), {test.Options.Confidence:P0} intervals over images");
        losses.YLabel("mean squared error");
        losses.XLabel("timestep");
        // Slightly shifted to the sides, so that intervals do not hide each other.
        double aside = comparison is null ? 0 : (test.Buckets[^1].LastTimestep + 1) * 0.004;
        Add(losses, "test", test.Buckets, [.. test.Buckets.Select(b => b.Loss)], -aside, s_test);
        if (comparison is not null)
            Add(losses, "training", test.Buckets, [.. comparison.Training.Buckets.Select(b => b.Loss)], aside, s_training);
        losses.ShowLegend(Edge.Right);
        losses.Axes.SetLimitsY(0, 1.1 * test.Buckets.Concat(comparison?.Training.Buckets ?? []).Max(b => b.Loss.High));

        if (comparison is not null)
        {
            Plot gap = figure.GetPlot(1);
            gap.Title($"Test loss minus training loss ({(comparison.Paired ? "paired" : "unpaired")})");
            gap.YLabel("gap");
            gap.XLabel("timestep");
            Add(gap, "gap", test.Buckets, comparison.BucketGaps, 0, s_gap);
            HorizontalLine zero = gap.Add.HorizontalLine(0, 1, Colors.Gray);
            zero.LinePattern = LinePattern.Dashed;
            gap.HideLegend();
        }

        return figure.Render(Width, PanelHeight * panels).GetImageBytes(ImageFormat.Png);
    }

    private static void Add(
        Plot plot, string name, IReadOnlyList<LossBucket> buckets, IReadOnlyList<Estimate> values, double aside, Color color)
    {
        double[] xs = [.. buckets.Select(b => (b.FirstTimestep + b.LastTimestep) / 2.0 + aside)], ys = [.. values.Select(v => v.Mean)];
        Scatter line = plot.Add.Scatter(xs, ys, color);
        line.LegendText = name;
        line.MarkerSize = 7;
        ErrorBar bars = plot.Add.ErrorBar(xs, ys, [.. values.Select(v => v.High - v.Mean)]);
        bars.Color = color;
    }
}
