using System.ComponentModel.DataAnnotations;
using LatentDiffusion.Evaluation;
using Xunit;

namespace LatentDiffusion.Tests.Evaluation;

public sealed class ConvergenceTests
{
    [Theory]
    [InlineData(0.975, 1, 12.706204736432095)]
    [InlineData(0.975, 10, 2.2281388519649385)]
    [InlineData(0.995, 5, 4.032142983557536)]
    [InlineData(0.95, 30, 1.6972608865939591)]
    [InlineData(0.025, 10, -2.2281388519649385)]
    public void Quantiles_are_those_of_the_tables(double probability, double degrees, double t)
    {
        Assert.Equal(t, StudentDistribution.Quantile(probability, degrees), 1e-9);
        Assert.Equal(probability, StudentDistribution.Cumulative(t, degrees), 1e-12);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.45)]
    [InlineData(0.9)]
    public void The_fit_is_generalised_least_squares(double correlation)
    {
        const int Count = 9;
        double[] x = [.. Enumerable.Range(0, Count).Select(i => Math.Log(1 + i / 5.0))],
            y = [.. Points(Count, 3, 0.5, i => 2 - 0.1 * i).Select(p => p.Value)];
        TrendFit fit = TrendFit.Create(x, y, correlation);

        // β = (XᵀV⁻¹X)⁻¹XᵀV⁻¹y with V_ij = ρ^|i−j|/(1−ρ²), every matrix written out.
        double[][] inverse = Inverse(
        [
            .. Enumerable.Range(0, Count)
                .Select(i =>
                    Enumerable.Range(0, Count)
                        .Select(j => Math.Pow(correlation, Math.Abs(i - j)) / (1 - correlation * correlation))
                        .ToArray())
        ]);
        double[][] design = [[.. Enumerable.Repeat(1.0, Count)], x];
        double[][] information = [.. design.Select(a => design.Select(b => Form(a, b)).ToArray())], covariance = Inverse(information);
        double[] right = [.. design.Select(a => Form(a, y))];
        double level = covariance[0][0] * right[0] + covariance[0][1] * right[1],
            slope = covariance[1][0] * right[0] + covariance[1][1] * right[1];
        double[] residual = [.. x.Zip(y, (a, b) => b - level - slope * a)];
        Assert.Equal(level, fit.Level, 1e-10);
        Assert.Equal(slope, fit.Slope, 1e-10);
        Assert.Equal(Math.Sqrt(Form(residual, residual) / (Count - 2) * covariance[1][1]), fit.Error, 1e-10);

        double Form(double[] a, double[] b) =>
            Enumerable.Range(0, Count).Sum(i => Enumerable.Range(0, Count).Sum(j => a[i] * inverse[i][j] * b[j]));
    }

    [Theory]
    [InlineData(12, 0.0)]
    [InlineData(24, 0.0)]
    [InlineData(12, 0.6)]
    [InlineData(24, 0.6)]
    public void At_most_every_twentieth_flat_curve_is_said_to_move(int count, double correlation)
    {
        const int Curves = 250;
        int alarms = Enumerable.Range(0, Curves).AsParallel().Count(seed =>
            Convergence.Judge(Points(count, seed, correlation, _ => 0.3), new ConvergenceOptions { Window = 1 })
                .Verdict != ConvergenceVerdict.Flat);
        // 5 % of 250 is 12.5, and 3.4 is the binomial's standard deviation.
        Assert.InRange(alarms, 0, 12.5 + 2 * 3.4);
    }

    /// <summary>
    /// From both sides: the interval holds the slope as often as it says, and is not much wider than an interval for a known
    /// correlation of the noise. For uncorrelated noise it is 1.3 to 1.7 times wider, the cost of not knowing the correlation.
    /// </summary>
    [Theory]
    [InlineData(12, 0.0, 0.98, 1.0, 1.9)]
    [InlineData(24, 0.0, 0.97, 1.0, 1.5)]
    [InlineData(40, 0.0, 0.93, 1.0, 1.3)]
    [InlineData(12, 0.6, 0.90, 0.99, 1.2)]
    [InlineData(24, 0.6, 0.90, 0.99, 1.3)]
    public void Intervals_hold_the_slope_and_are_not_much_too_wide(int count, double correlation, double least, double most, double width)
    {
        const int Curves = 250;
        double deviation = SlopeDeviation(count, correlation), slope = -2 * deviation;
        ConvergenceEstimate[] estimates = Judged(count, correlation, slope, Curves);
        double scale = 1000.0 / (100 * count);
        Assert.InRange(estimates.Count(e => e.Low <= slope * scale && slope * scale <= e.High) / (double)Curves, least, most);
        double median = estimates.Select(e => (e.High - e.Low) / 2).Order().ElementAt(Curves / 2);
        Assert.InRange(median / (StudentDistribution.Quantile(0.975, count - 2) * deviation * scale), 0.8, width);
    }

    /// <summary>A fall of some deviations of the slope, as best known: simulated by themselves, 59 and 96, 77 and 97 %.</summary>
    [Theory]
    [InlineData(0.0, 3, 0.45, 0.75)]
    [InlineData(0.0, 5, 0.90, 1.0)]
    [InlineData(0.6, 3, 0.65, 0.9)]
    [InlineData(0.6, 5, 0.92, 1.0)]
    public void A_fall_near_the_noise_is_seen_as_often_as_can_be_hoped(double correlation, double deviations, double least, double most)
    {
        const int Curves = 250;
        ConvergenceEstimate[] estimates = Judged(24, correlation, -deviations * SlopeDeviation(24, correlation), Curves);
        Assert.InRange(estimates.Count(e => e.Verdict == ConvergenceVerdict.StillFalling) / (double)Curves, least, most);
        Assert.DoesNotContain(estimates, e => e.Verdict == ConvergenceVerdict.Rising);
    }

    [Theory]
    [InlineData(-0.002, ConvergenceVerdict.StillFalling)]
    [InlineData(0.002, ConvergenceVerdict.Rising)]
    public void A_trend_beyond_the_noise_is_seen_and_its_interval_holds_it(double slope, ConvergenceVerdict verdict)
    {
        // Straight in the logarithm of the step: 1000·slope/2400 in 1000 steps at the end.
        int covered = 0;
        for (int seed = 0; seed < 20; seed++)
        {
            MetricPoint[] points =
            [
                .. Points(24, seed, 0.4, _ => 0.3, 1e-4)
                    .Select(p => p with { Value = p.Value + slope * Math.Log(p.Step) })
            ];
            ConvergenceEstimate estimate = Convergence.Judge(points);
            Assert.Equal(verdict, estimate.Verdict);
            Assert.True(estimate.Low < estimate.Slope && estimate.Slope < estimate.High);
            if (estimate.Low <= slope * 1000 / 2400 && slope * 1000 / 2400 <= estimate.High) covered++;
        }

        Assert.InRange(covered, 17, 20);
    }

    [Fact]
    public void The_words_say_verdict_slope_and_interval()
    {
        MetricPoint[] points =
        [
            .. Enumerable.Range(1, 40)
                .Select(i => new MetricPoint(i * 100, 0.2 + 30.0 / (i * 100 + 100) + 1e-4 * Math.Cos(9 * i)))
        ];
        ConvergenceEstimate estimate = Convergence.Judge(points);
        Assert.StartsWith("The validation loss still falls: -", estimate.ToString(), StringComparison.Ordinal);
        // 0.2 + 30/(step + 100) falls by 0.00178 in 1000 steps at step 4000, and by twice that along the window.
        Assert.Matches(@"falls: -0\.00\d+ in 1000 steps \(95 % interval -0\.00\d+ to -0\.00\d+;", estimate.ToString());
        Assert.Contains("21 validations from step 2000 to 4000", estimate.ToString(), StringComparison.Ordinal);

        Assert.Equal(ConvergenceVerdict.TooEarly, Convergence.Judge(points[..7]).Verdict);
        Assert.Contains("too early", Convergence.Judge([]).ToString(), StringComparison.Ordinal);
        MetricPoint[] flat = [.. points.Select(p => p with { Value = 0.5 })];
        Assert.Equal(ConvergenceVerdict.Flat, Convergence.Judge(flat).Verdict);
    }

    [Fact]
    public void Wrong_input_is_named()
    {
        MetricPoint[] points = [new(100, 1), new(100, 2)];
        Assert.Contains("step 100", Assert.Throws<ArgumentException>(() => Convergence.Judge(points)).Message, StringComparison.Ordinal);
        Assert.Contains(
            "NaN",
            Assert.Throws<ArgumentException>(() => Convergence.Judge([new(100, double.NaN)])).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "Window",
            Assert.Throws<ValidationException>(() => Convergence.Judge([], new ConvergenceOptions { Window = 0 })).Message,
            StringComparison.Ordinal);
    }

    private static ConvergenceEstimate[] Judged(int count, double correlation, double slope, int curves) =>
    [
        .. Enumerable.Range(0, curves).AsParallel().AsOrdered().Select(seed => Convergence.Judge(
            Points(count, seed + 1000, correlation, i => slope * Math.Log(i + 1)), new ConvergenceOptions { Window = 1 })),
    ];

    /// <summary>Standard deviation of the slope of who knows the noise's correlation and its deviation, 0.01.</summary>
    private static double SlopeDeviation(int count, double correlation)
    {
        double first = Math.Sqrt(1 - correlation * correlation), uu = 0, uv = 0, vv = 0;
        for (int i = 0; i < count; i++)
        {
            double u = i == 0 ? first : 1 - correlation, v = i == 0 ? 0 : Math.Log(i + 1) - correlation * Math.Log(i);
            (uu, uv, vv) = (uu + u * u, uv + u * v, vv + v * v);
        }

        return 0.01 * Math.Sqrt(uu / (uu * vv - uv * uv));
    }

    /// <summary>A curve with autoregressive normal noise, at steps 100, 200, …</summary>
    private static MetricPoint[] Points(int count, int seed, double correlation, Func<int, double> curve, double deviation = 0.01)
    {
        var random = new Random(seed);
        double noise = Normal() / Math.Sqrt(1 - correlation * correlation);
        var points = new MetricPoint[count];
        for (int i = 0; i < count; i++)
        {
            points[i] = new MetricPoint(100 * (i + 1), curve(i) + deviation * noise);
            noise = correlation * noise + Normal();
        }

        return points;

        double Normal() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
    }

    /// <summary>Gauss and Jordan, with pivots.</summary>
    private static double[][] Inverse(double[][] matrix)
    {
        int n = matrix.Length;
        double[][] work = [.. matrix.Select((row, i) => row.Concat(Enumerable.Range(0, n).Select(j => i == j ? 1.0 : 0)).ToArray())];
        for (int c = 0; c < n; c++)
        {
            int pivot = Enumerable.Range(c, n - c).MaxBy(r => Math.Abs(work[r][c]));
            (work[c], work[pivot]) = (work[pivot], work[c]);
            work[c] = [.. work[c].Select(v => v / work[c][c])];
            for (int r = 0; r < n; r++)
                if (r != c) work[r] = [.. work[r].Zip(work[c], (a, b) => a - work[r][c] * b)];
        }

        return [.. work.Select(row => row[n..])];
    }
}
