using CsCheck;
using Xunit;

namespace LatentDiffusion.Tests.Schedulers;

/// <summary>The shared mathematics of timesteps and noise levels.</summary>
public sealed class SpacingTests
{
    [Fact]
    public void Timesteps_are_those_of_the_table()
    {
        Assert.Equal([999, 888, 777, 666, 555, 444, 333, 222, 111, 0], new TimestepSpacing("linspace", 1000, 0).Integers(10));
        Assert.Equal([901, 801, 701, 601, 501, 401, 301, 201, 101, 1], new TimestepSpacing("leading", 1000, 1).Integers(10));
        Assert.Equal([999, 899, 799, 699, 599, 499, 399, 299, 199, 99], new TimestepSpacing("trailing", 1000, 5).Integers(10));
        Assert.Equal([999, 749, 500, 250], new TimestepSpacing("linspace", 1000, 0).Intervals(4, 1000));
    }

    [Fact]
    public void Spacing_stays_in_range() =>
        Gen.Select(Gen.Int[0, 2], Gen.Int[1, 500], Gen.Int[500, 1000]).Sample((choice, steps, training) =>
        {
            string kind = new[] { "linspace", "leading", "trailing" }[choice];
            double[] timesteps = new TimestepSpacing(kind, training, 0).Integers(steps);
            Assert.All(timesteps, t => Assert.InRange(t, 0, training - 1));
            Assert.Equal(timesteps.OrderDescending(), timesteps);
            return Math.Abs(timesteps.Length - steps) <= 1;
        });

    /// <summary>The quantile against the distribution function, integrated numerically after t = sin² removes its singularities.</summary>
    [Theory]
    [InlineData(0.6, 0.6)]
    [InlineData(0.5, 0.5)]
    [InlineData(2, 3)]
    [InlineData(1, 1)]
    public void Beta_quantile_inverts_the_distribution(double a, double b)
    {
        double Integral(double x)
        {
            const int Intervals = 20000;
            double end = Math.Asin(Math.Sqrt(x)), h = end / Intervals, sum = 0;
            for (int i = 0; i < Intervals; i++)
            {
                double angle = (i + 0.5) * h;
                sum += 2 * Math.Pow(Math.Sin(angle), (2 * a) - 1) * Math.Pow(Math.Cos(angle), (2 * b) - 1);
            }

            return sum * h;
        }

        double total = Integral(1);
        foreach (double p in (double[])[0.001, 0.1, 0.25, 0.5, 0.75, 0.9, 0.999])
            Assert.Equal(p, Integral(BetaDistribution.Quantile(p, a, b)) / total, 2e-4);
        Assert.Equal(0, BetaDistribution.Quantile(0, a, b));
        Assert.Equal(1, BetaDistribution.Quantile(1, a, b));
    }

    [Fact]
    public void Beta_quantile_has_closed_forms() => Gen.Double[0.0001, 0.9999].Sample(p =>
        Math.Abs(BetaDistribution.Quantile(p, 0.5, 0.5) - Math.Pow(Math.Sin(Math.PI * p / 2), 2)) < 1e-13
        && Math.Abs(BetaDistribution.Quantile(p, 2, 1) - Math.Sqrt(p)) < 1e-13
        && Math.Abs(BetaDistribution.Quantile(p, 0.6, 0.6) + BetaDistribution.Quantile(1 - p, 0.6, 0.6) - 1) < 1e-13);

    [Fact]
    public void Sigma_rules_have_their_ends()
    {
        foreach (SigmaRule rule in (SigmaRule[])[SigmaRule.Karras, SigmaRule.Exponential, SigmaRule.Beta])
        {
            double[] sigmas = SigmaOptions.Space(rule, 14.6, 0.03, 12);
            Assert.Equal(14.6, sigmas[0], 1e-12);
            Assert.Equal(0.03, sigmas[^1], 1e-12);
            Assert.Equal(sigmas.OrderDescending(), sigmas);
            Assert.Equal([14.6], SigmaOptions.Space(rule, 14.6, 0.03, 1), (x, y) => Math.Abs(x - y) < 1e-9);
        }
    }

    [Fact]
    public void Timesteps_and_sigmas_invert_each_other()
    {
        TrainingSigmas sigmas = new(NoiseSchedule.ScaledLinear().InSinglePrecision());
        for (int t = 0; t < 1000; t += 37) Assert.Equal(t, sigmas.TimestepOf(sigmas.At(t)), 1e-3);
        Assert.Equal(0, sigmas.TimestepOf(1e-9));
        Assert.Equal(999, sigmas.TimestepOf(1e9));
        Assert.Equal(14.614645004272461, EndOf("scaled_linear", 0.00085, 0.012));
    }

    [Fact]
    public void Dynamic_thresholding_scales_each_sample()
    {
        using TorchSharp.torch.Tensor samples = TorchSharp.torch.tensor(new[] { 0.5f, -0.5f, 4f, -2f }).reshape(2, 2);
        using TorchSharp.torch.Tensor bounded = new SampleBounds(true, 1, 3, null).Apply(samples);

        // Below 1 nothing is scaled; above, the quantile is bounded by sample_max_value.
        Assert.Equal([0.5f, -0.5f, 1f, -2f / 3], bounded.data<float>().ToArray(), (a, b) => Math.Abs(a - b) < 1e-6);
    }

    private static double EndOf(string schedule, double start, double end)
    {
        using ISchedulerRun run = new EulerScheduler(SchedulerConfig.Empty.With("beta_schedule", schedule).With("beta_start", start)
            .With("beta_end", end)).Start(new SamplingOptions());
        return run.InitialNoiseSigma;
    }
}
