using System.Globalization;
using ScottPlot;
using ScottPlot.Plottables;
using ScottPlot.TickGenerators;

namespace Lab;

/// <summary>A plot of curves, small enough for its text to be readable on a phone. Labels need a font on the system.</summary>
/// <param name="xLabel">What the horizontal axis shows.</param>
/// <param name="yLabel">What the vertical axis shows.</param>
/// <param name="curves">The curves.</param>
internal sealed class LinePlot(string xLabel, string yLabel, params IReadOnlyList<Curve> curves)
{
    public const int Width = 480, Height = 320;

    private const int Sharpness = 2;

    private static readonly string[] s_light = ["#1f77b4", "#d62728", "#2a8f3c", "#8250c4", "#b8690a"];
    private static readonly string[] s_dark = ["#6db3f2", "#ff8a80", "#7fd38d", "#c3a3ff", "#f0b35a"];

    /// <summary>Whether the horizontal axis is logarithmic.</summary>
    public bool LogarithmicX { get; init; }

    /// <summary>Whether the vertical axis is logarithmic.</summary>
    public bool LogarithmicY { get; init; }

    /// <summary>Highest and lowest value that is shown; null for all.</summary>
    public (double Low, double High)? YRange { get; init; }

    /// <summary>Where the legend is; null for no legend.</summary>
    public Alignment? Legend { get; init; } = Alignment.UpperRight;

    /// <summary>Draws the plot.</summary>
    /// <param name="dark">Whether the page is dark.</param>
    /// <returns>A PNG file.</returns>
    public byte[] Draw(bool dark)
    {
        using Plot plot = new();
        Style(plot, dark);
        plot.XLabel(xLabel, 13);
        plot.YLabel(yLabel, 13);
        string[] palette = dark ? s_dark : s_light;
        foreach ((int index, Curve curve) in curves.Index())
            Add(plot, curve, Color.FromHex(palette[(curve.Color ?? index) % palette.Length]));
        if (LogarithmicX) plot.Axes.Bottom.TickGenerator = Powers(curves.SelectMany(c => c.X));
        if (LogarithmicY)
            plot.Axes.Left.TickGenerator = Powers(YRange is { } shown ? [shown.Low, shown.High] : curves.SelectMany(c => c.Y));
        if (YRange is { } range) plot.Axes.SetLimitsY(OnY(range.Low), OnY(range.High));
        if (Legend is { } place && curves.Any(c => c.Name.Length > 0)) plot.ShowLegend(place);
        plot.ScaleFactor = Sharpness;
        return plot.GetImageBytes(Width * Sharpness, Height * Sharpness, ImageFormat.Png);
    }

    private void Add(Plot plot, Curve curve, Color color)
    {
        (double X, double Y, double Margin)[] points =
        [
            .. Enumerable.Range(0, curve.X.Count).Select(i => (curve.X[i], curve.Y[i], curve.Margin?[i] ?? 0))
                .Where(p => double.IsFinite(p.Item2) && (!LogarithmicX || p.Item1 > 0) && (!LogarithmicY || p.Item2 - p.Item3 > 0)),
        ];
        if (points.Length == 0) return;
        foreach ((double x, double y, double margin) in points.Where(p => p.Margin > 0))
        {
            ScottPlot.Plottables.LinePlot bar = plot.Add.Line(OnX(x), OnY(y - margin), OnX(x), OnY(y + margin));
            (bar.LineColor, bar.LineWidth) = (color.WithAlpha(0.6), 1.5f);
        }

        Scatter line = plot.Add.Scatter(points.Select(p => OnX(p.X)).ToArray(), points.Select(p => OnY(p.Y)).ToArray());
        line.Color = curve.IsFaint ? color.WithAlpha(0.3) : color;
        line.LineWidth = !curve.HasLine ? 0 : curve.IsFaint ? 1 : 2;
        line.MarkerSize = curve.HasMarkers ? 6 : 0;
        line.LegendText = curve.IsFaint ? "" : curve.Name;
    }

    private double OnX(double x) => LogarithmicX ? Math.Log10(x) : x;

    private double OnY(double y) => LogarithmicY ? Math.Log10(y) : y;

    private static void Style(Plot plot, bool dark)
    {
        Color text = Color.FromHex(dark ? "#dfe3ea" : "#1d2330"), page = Color.FromHex(dark ? "#14171d" : "#ffffff");
        plot.FigureBackground.Color = page;
        plot.DataBackground.Color = page;
        plot.Axes.Color(text);
        plot.Grid.MajorLineColor = Color.FromHex(dark ? "#353c49" : "#e3e6ec");
        plot.Legend.BackgroundColor = page.WithAlpha(0.85);
        plot.Legend.FontColor = text;
        plot.Legend.OutlineColor = Color.FromHex(dark ? "#353c49" : "#d8dce4");
        plot.Legend.ShadowColor = Colors.Transparent;
        plot.Legend.FontSize = 12;
    }

    /// <summary>Ticks at powers of ten, and between them if there are few.</summary>
    private static NumericManual Powers(IEnumerable<double> values)
    {
        double[] positive = [.. values.Where(v => v > 0 && double.IsFinite(v))];
        var ticks = new NumericManual();
        if (positive.Length == 0) return ticks;
        int low = (int)Math.Floor(Math.Log10(positive.Min())), high = (int)Math.Ceiling(Math.Log10(positive.Max()));
        int[] factors = high - low <= 3 ? [1, 2, 5] : [1];
        for (int exponent = low; exponent <= high; exponent++)
        {
            foreach (int factor in factors)
            {
                double value = factor * Math.Pow(10, exponent);
                string format = exponent is >= -4 and <= 4 ? "0.####" : "0e0";
                ticks.AddMajor(Math.Log10(value), value.ToString(format, CultureInfo.InvariantCulture));
            }
        }

        return ticks;
    }
}
