using System.Globalization;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace LatentDiffusion.Evaluation;

/// <summary>
/// Draws loss curves with ScottPlot: the raw training loss faint, the smoothed one over it, validation points with their
/// confidence bars, and the learning rate dashed on a second axis. Text needs a font on the system; without one it is left out.
/// </summary>
internal static class LossPlot
{
    private const double Faint = 0.25, Headroom = 0.06;
    // The first losses of a run are so high that the rest of the curve would be flat.
    private const double LossesShown = 0.98;

    private static readonly Color s_training = Color.FromHex("#1f77b4"), s_validation = Color.FromHex("#d62728");
    private static readonly Color s_rate = Color.FromHex("#8c8c8c");

    /// <summary>Draws a plot.</summary>
    /// <param name="curves">The curves.</param>
    /// <param name="width">Width in pixels, at least 200. Default 1000.</param>
    /// <param name="height">Height in pixels, at least 150. Default 600.</param>
    /// <returns>A PNG file.</returns>
    public static byte[] Draw(LossCurves curves, int width = 1000, int height = 600)
    {
        ArgumentNullException.ThrowIfNull(curves);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 200);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 150);
        using Plot plot = new();
        plot.Title(curves.Title);
        plot.XLabel("step");
        plot.YLabel("loss");
        if (curves.LearningRate.Count > 1) AddRate(plot, curves.LearningRate);
        if (curves.Loss.Count > 1) AddTraining(plot, curves);
        AddValidation(plot, curves);
        Frame(plot, curves);
        if (curves.Logarithmic) plot.Axes.Left.TickGenerator = Decades();
        plot.ShowLegend(Alignment.UpperRight);
        return plot.GetImageBytes(width, height, ImageFormat.Png);
    }

    private static void AddTraining(Plot plot, LossCurves curves)
    {
        Line(curves.Loss, s_training.WithAlpha(Faint), 1);
        Line(curves.Smoothed(), s_training, 2.5f).LegendText = "training";

        ScottPlot.Plottables.Scatter Line(IReadOnlyList<MetricPoint> points, Color color, float thickness)
        {
            MetricPoint[] shown = [.. points.Where(p => Shows(curves, p.Value))];
            ScottPlot.Plottables.Scatter line = plot.Add.Scatter(Steps(shown), shown.Select(p => Height(curves, p.Value)).ToArray(), color);
            (line.MarkerSize, line.LineWidth) = (0, thickness);
            return line;
        }
    }

    private static void AddValidation(Plot plot, LossCurves curves)
    {
        (MetricPoint Point, double Margin)[] bars = [.. Bars(curves)];
        if (bars.Length == 0) return;
        foreach ((MetricPoint point, double margin) in bars)
        {
            if (margin == 0 || !Shows(curves, point.Value - margin)) continue;
            ScottPlot.Plottables.LinePlot bar = plot.Add.Line(
                point.Step, Height(curves, point.Value - margin), point.Step, Height(curves, point.Value + margin));
            (bar.LineColor, bar.LineWidth) = (s_validation.WithAlpha(0.5), 1.5f);
        }

        MetricPoint[] shown = [.. bars.Select(b => b.Point)];
        double[] heights = [.. shown.Select(p => Height(curves, p.Value))];
        ScottPlot.Plottables.Scatter line = plot.Add.Scatter(Steps(shown), heights, s_validation);
        (line.MarkerSize, line.LineWidth, line.LegendText) = (6, 1, "validation, 95 % interval");
    }

    private static void AddRate(Plot plot, IReadOnlyList<MetricPoint> points)
    {
        ScottPlot.Plottables.Scatter line = plot.Add.Scatter(Steps(points), points.Select(p => p.Value).ToArray(), s_rate);
        (line.MarkerSize, line.LineWidth, line.LinePattern, line.LegendText) = (0, 1.5f, LinePattern.Dashed, "learning rate");
        line.Axes.YAxis = plot.Axes.Right;
        plot.Axes.Right.Label.Text = "learning rate";
        plot.Axes.Right.TickGenerator = new NumericAutomatic
        {
            LabelFormatter = rate => rate == 0 ? "0" : rate.ToString("0.##e-0", CultureInfo.InvariantCulture),
        };
    }

    private static void Frame(Plot plot, LossCurves curves)
    {
        double[] losses = [.. curves.Loss.Select(p => p.Value).Where(v => Shows(curves, v)).Order()];
        double[] shown =
        [
            .. losses.Take((int)Math.Ceiling(losses.Length * LossesShown)),
            .. Bars(curves).SelectMany(b => new[] { b.Point.Value - b.Margin, b.Point.Value + b.Margin }).Where(v => Shows(curves, v)),
        ];
        if (shown.Length == 0) return;
        double low = Height(curves, shown.Min()), high = Height(curves, shown.Max());
        double room = Headroom * Math.Max(high - low, 1e-6 * Math.Max(1, Math.Abs(high)));
        long last = Math.Max(
            curves.Loss.Count > 0 ? curves.Loss[^1].Step : 0, curves.Validation.Count > 0 ? curves.Validation[^1].Step : 0);
        plot.Axes.SetLimits(0, Math.Max(1, 1.01 * last), low - room, high + room);
        if (curves.LearningRate.Count > 1) plot.Axes.SetLimitsY(0, 1.1 * curves.LearningRate.Max(p => p.Value), plot.Axes.Right);
    }

    /// <summary>The validations that can be shown, with the half widths of their intervals; 0 if not known.</summary>
    private static IEnumerable<(MetricPoint Point, double Margin)> Bars(LossCurves curves)
    {
        Dictionary<long, double> margins = curves.ValidationMargin.GroupBy(m => m.Step).ToDictionary(g => g.Key, g => g.Last().Value);
        return curves.Validation.Where(p => Shows(curves, p.Value)).Select(p => (p, margins.GetValueOrDefault(p.Step)));
    }

    private static double[] Steps(IReadOnlyList<MetricPoint> points) => [.. points.Select(p => (double)p.Step)];

    private static bool Shows(LossCurves curves, double loss) => double.IsFinite(loss) && (!curves.Logarithmic || loss > 0);

    private static double Height(LossCurves curves, double loss) => curves.Logarithmic ? Math.Log10(loss) : loss;

    private static NumericAutomatic Decades() => new()
    {
        LabelFormatter = exponent => Math.Pow(10, exponent).ToString("0.###e0", CultureInfo.InvariantCulture),
    };
}
