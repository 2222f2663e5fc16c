using System.ComponentModel.DataAnnotations;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Guidance;

/// <summary>Each guidance agrees with its formula, computed here number by number in double precision.</summary>
public sealed class GuidanceTests
{
    private const double Tolerance = 1e-11, Positive = 0.7, Negative = -0.3, Scale = 6;
    private const int Images = 2, Length = 4 * 3 * 5;

    private static readonly NoiseSchedule s_schedule = NoiseSchedule.ScaledLinear();

    [Theory, InlineData(false), InlineData(true)]
    public void ClassifierFree(bool separate)
    {
        (double[][] actual, WaveDenoiser denoiser) = Run(new ClassifierFreeGuidance(new() { SeparatePasses = separate }));
        Check(x => Guided(x), actual);
        Assert.Equal(separate ? [Images, Images] : [2 * Images], denoiser.Calls.Select(c => c.Batch));
    }

    [Fact]
    public void At_a_scale_of_one_the_conditional_pass_is_all()
    {
        foreach (IGuidance guidance in new IGuidance[]
        {
            new ClassifierFreeGuidance(),
            new AdaptiveProjectedGuidance(Space(PredictionType.Epsilon)),
        })
        {
            (double[][] actual, WaveDenoiser denoiser) = Run(guidance, scale: 1);
            Check(Conditional, actual);
            Assert.Equal([Images], denoiser.Calls.Select(c => c.Batch));
            Assert.False(guidance.ActsAtScaleOne);
        }
    }

    [Theory, InlineData(0), InlineData(0.35), InlineData(1)]
    public void Rescaled(double rescale)
    {
        // Lin et al. 2024, equations 14 to 16, with the deviation of a sample.
        double[][] actual = Run(new RescaledGuidance(new ClassifierFreeGuidance(), new() { GuidanceRescale = rescale })).Actual;
        Check(x =>
        {
            double[] guided = Guided(x);
            double ratio = Deviation(Conditional(x)) / Deviation(guided);
            return [.. guided.Select(g => rescale * g * ratio + (1 - rescale) * g)];
        }, actual);
    }

    [Theory]
    [InlineData(PredictionType.Epsilon)]
    [InlineData(PredictionType.Velocity)]
    [InlineData(PredictionType.Sample)]
    [InlineData(PredictionType.Flow)]
    public void Dynamic_thresholding(PredictionType type)
    {
        foreach (double range in new[] { 1.0, 0.4 })
        foreach (double most in new[] { double.PositiveInfinity, 1.3 })
        {
            var options = new DynamicThresholdingOptions { DynamicThresholdingRatio = 0.9, SampleRange = range, SampleMaxValue = most };
            double[][] actual = Run(new DynamicThresholdingGuidance(new ClassifierFreeGuidance(), Space(type), options)).Actual;
            int cut = 0;
            Check(x =>
            {
                double[] clean = ToClean(type, Guided(x), x);
                double s = Math.Clamp(Quantile([.. clean.Select(Math.Abs)], 0.9), range, most);
                cut += clean.Count(c => Math.Abs(c) > s);
                return FromClean(type, [.. clean.Select(c => Math.Clamp(c, -s, s) * range / s)], x);
            }, actual);
            Assert.True(cut > 0, "nothing was cut, so nothing was tested");
        }
    }

    [Fact]
    public void Thresholding_leaves_what_tells_no_clean_sample()
    {
        var space = new DiffusionProcess(s_schedule.WithZeroTerminalSnr(), PredictionType.Epsilon);
        double[][] actual = Run(new DynamicThresholdingGuidance(new ClassifierFreeGuidance(), space), timestep: 999).Actual;
        Check(x => Guided(x), actual);
    }

    [Theory, InlineData(0, 3), InlineData(0.004, 1.4)]
    public void Perturbed_attention(double adaptive, double expectedScale)
    {
        var options = new PerturbedAttentionOptions { Scale = 3, AdaptiveScale = adaptive, Layers = ["mid", "up_blocks.1"] };
        (double[][] actual, WaveDenoiser denoiser) = Run(
            new PerturbedAttentionGuidance(new ClassifierFreeGuidance(), options), timestep: 600);
        Check(x => Add(Guided(x), expectedScale, Conditional(x), Perturbed(x)), actual);
        Assert.Equal(["mid_block", "up_blocks.1"], denoiser.Layers!);
        Assert.Equal([(2L * Images, false), (Images, true)], denoiser.Calls.Select(c => (c.Batch, c.Perturbed)));

        (actual, denoiser) = Run(new PerturbedAttentionGuidance(options: options), scale: 1, timestep: 600);
        Check(x => Add(Conditional(x), expectedScale, Conditional(x), Perturbed(x)), actual);
        Assert.Equal([false, true], denoiser.Calls.Select(c => c.Perturbed));
    }

    [Fact]
    public void The_perturbed_pass_is_saved_where_its_scale_is_zero()
    {
        (double[][] actual, WaveDenoiser denoiser) = Run(
            new PerturbedAttentionGuidance(options: new() { AdaptiveScale = 0.01 }), timestep: 100);
        Check(Conditional, actual);
        Assert.Single(denoiser.Calls);
    }

    [Theory]
    [InlineData(PredictionType.Epsilon)]
    [InlineData(PredictionType.Velocity)]
    [InlineData(PredictionType.Sample)]
    [InlineData(PredictionType.Flow)]
    public void Adaptive_projected(PredictionType type)
    {
        foreach (double eta in new[] { 0, 0.4, 1 })
        foreach (double most in new[] { 0.8, double.PositiveInfinity })
        {
            var options = new AdaptiveProjectedGuidanceOptions { Eta = eta, Rescale = most };
            double[][] actual = Run(new AdaptiveProjectedGuidance(Space(type), options)).Actual;
            Check(x =>
            {
                // Sadat et al. 2024, algorithm 1 without momentum.
                double[] with = ToClean(type, Conditional(x), x), without = ToClean(type, Unconditional(x), x);
                double[] step = [.. with.Zip(without, (c, u) => c - u)];
                double shrink = Math.Min(1, most / Math.Sqrt(Dot(step, step)));
                double along = shrink * Dot(step, with) / Dot(with, with);
                double[] guided = [.. step.Zip(with, (d, c) =>
                {
                    double parallel = along * c, orthogonal = shrink * d - parallel;
                    return c + (Scale - 1) * (orthogonal + eta * parallel);
                })];
                return FromClean(type, guided, x);
            }, actual);
            if (eta == 1 && double.IsInfinity(most)) Check(x => Guided(x), actual);
        }
    }

    [Fact]
    public void Outside_its_interval_guidance_costs_one_evaluation()
    {
        var guidance = new IntervalGuidance(
            new PerturbedAttentionGuidance(new ClassifierFreeGuidance(new() { SeparatePasses = true })), Space(PredictionType.Epsilon),
            new GuidanceIntervalOptions { MinimumSigma = 0.28, MaximumSigma = 5.42, Stop = 0.7 });
        int inside = 0;
        for (int t = 999; t >= 0; t -= 37)
        {
            double sigma = Math.Sqrt((1 - s_schedule.AlphasCumprod[t]) / s_schedule.AlphasCumprod[t]);
            bool within = sigma > 0.28 && sigma <= 5.42 && t >= 300;
            (double[][] actual, WaveDenoiser denoiser) = Run(guidance, timestep: t);
            Assert.Equal(within ? 3 : 1, denoiser.Calls.Count);
            Check(within ? x => Add(Guided(x), 3, Conditional(x), Perturbed(x)) : Conditional, actual);
            inside += within ? 1 : 0;
        }

        Assert.InRange(inside, 10, 17);
    }

    [Fact]
    public void Composed_guidance_evaluates_no_pass_twice()
    {
        DiffusionProcess space = Space(PredictionType.Velocity);
        IGuidance guidance = new IntervalGuidance(
            new DynamicThresholdingGuidance(
                new RescaledGuidance(new PerturbedAttentionGuidance(new ClassifierFreeGuidance()), new() { GuidanceRescale = 0.6 }),
                space, new() { DynamicThresholdingRatio = 0.8 }),
            space, new GuidanceIntervalOptions { Start = 0.1 });
        Assert.True(guidance.NeedsUnconditional);
        Assert.True(guidance.ActsAtScaleOne);
        (double[][] actual, WaveDenoiser denoiser) = Run(guidance);
        Assert.Equal([2L * Images, Images], denoiser.Calls.Select(c => c.Batch));
        Check(x =>
        {
            double[] guided = Add(Guided(x), 3, Conditional(x), Perturbed(x));
            double factor = 0.6 * Deviation(Conditional(x)) / Deviation(guided) + 0.4;
            double[] clean = ToClean(PredictionType.Velocity, [.. guided.Select(g => g * factor)], x);
            double s = Math.Max(1, Quantile([.. clean.Select(Math.Abs)], 0.8));
            return FromClean(PredictionType.Velocity, [.. clean.Select(c => Math.Clamp(c, -s, s) / s)], x);
        }, actual);
    }

    [Fact]
    public void A_users_own_guidance_can_be_decorated()
    {
        (double[][] actual, WaveDenoiser denoiser) = Run(new RescaledGuidance(new Doubling(), new() { GuidanceRescale = 1 }));
        Check(Conditional, actual);
        Assert.Equal(2, denoiser.Calls.Count);
    }

    [Fact]
    public void A_learned_variance_stays_that_of_the_prompt()
    {
        DiffusionProcess space = Space(PredictionType.Epsilon);
        IGuidance[] kinds =
        [
            new ClassifierFreeGuidance(), new ClassifierFreeGuidance(new() { SeparatePasses = true }),
            new AdaptiveProjectedGuidance(space), new PerturbedAttentionGuidance(),
            new PerturbedAttentionGuidance(new ClassifierFreeGuidance()), new RescaledGuidance(new ClassifierFreeGuidance()), 
            new DynamicThresholdingGuidance(new ClassifierFreeGuidance(), space),
            new IntervalGuidance(new ClassifierFreeGuidance(), space, new() { Start = 0.9 }),
        ];
        foreach (IGuidance guidance in kinds)
        {
            double[][] plain = Run(guidance).Actual;
            using DisposeScope scope = NewDisposeScope();
            Tensor latents = tensor(Latents.SelectMany(x => x).ToArray(), [Images, 4, 3, 5]);
            Conditioning positive = WaveDenoiser.Text([.. Enumerable.Repeat(Positive, Images)]);
            Conditioning negative = WaveDenoiser.Text([.. Enumerable.Repeat(Negative, Images)]);
            Tensor both = guidance.Guide(new WithVariance(new WaveDenoiser()), guidance.NeedsUnconditional ? negative : null, Scale)(
                DenoiserCalls.Input(latents, 500, positive)).ToModelOutput();
            Assert.Equal([Images, 8, 3, 5], both.shape);
            Assert.Equal(plain, both.narrow(1, 0, 4).contiguous().data<double>().ToArray().Chunk(Length));
            double[][] variance = [.. both.narrow(1, 4, 4).contiguous().data<double>().ToArray().Chunk(Length)];
            Check(x => [.. Conditional(x).Select(WithVariance.Of)], variance);
        }
    }

    [Fact]
    public void A_denoiser_without_attention_is_refused()
    {
        var guidance = new PerturbedAttentionGuidance();
        DenoiserDescription plain = new() { LatentChannels = 4 }, other = plain with { AttentionLayers = ["blocks.0", "blocks.10"] };
        var e = Assert.Throws<NotSupportedException>(() => guidance.Validate(plain));
        Assert.Contains(nameof(DenoiserDescription.AttentionLayers), e.Message);
        Assert.Contains("below 'mid_block'", Assert.Throws<ArgumentException>(() => guidance.Validate(other)).Message);
        Assert.Contains("below 'blocks.1'", Assert.Throws<ArgumentException>(
            () => new PerturbedAttentionGuidance(options: new() { Layers = ["blocks.1"] }).Validate(other)).Message);
        // Decorators pass the check on.
        IGuidance decorated = new RescaledGuidance(guidance);
        Assert.Throws<NotSupportedException>(() => decorated.Validate(plain));
    }

    [Fact]
    public void Options_out_of_range_are_refused_by_name()
    {
        DiffusionProcess space = Space(PredictionType.Epsilon);
        var inner = new ClassifierFreeGuidance();
        Refused("GuidanceRescale", () => new RescaledGuidance(inner, new() { GuidanceRescale = 1.1 }));
        Refused("GuidanceRescale", () => new RescaledGuidance(inner, new() { GuidanceRescale = double.NaN }));
        Refused("MinimumSigma", () => new IntervalGuidance(inner, space, new() { MinimumSigma = -1 }));
        Refused("MaximumSigma", () => new IntervalGuidance(inner, space, new() { MinimumSigma = 3, MaximumSigma = 2 }));
        Refused("Stop", () => new IntervalGuidance(inner, space, new() { Start = 0.5, Stop = 0.5 }));
        Refused("DynamicThresholdingRatio", () => new DynamicThresholdingGuidance(inner, space, new() { DynamicThresholdingRatio = 2 }));
        Refused("SampleMaxValue", () => new DynamicThresholdingGuidance(inner, space, new() { SampleMaxValue = 0.5 }));
        Refused("SampleRange", () => new DynamicThresholdingGuidance(inner, space, new() { SampleRange = 0 }));
        Refused("Scale", () => new PerturbedAttentionGuidance(inner, new() { Scale = -1 }));
        Refused("Layers", () => new PerturbedAttentionGuidance(inner, new() { Layers = [] }));
        Refused("Eta", () => new AdaptiveProjectedGuidance(space, new() { Eta = -0.1 }));
        Refused("Rescale", () => new AdaptiveProjectedGuidance(space, new() { Rescale = 0 }));

        static void Refused(string name, Func<object> make) => Assert.Contains(name, Assert.Throws<ValidationException>(make).Message);
    }

    /// <summary>Runs guidance, at timestep 500 by default; checks that nothing outlives the result.</summary>
    private static (double[][] Actual, WaveDenoiser Denoiser) Run(IGuidance guidance, double scale = Scale, double timestep = 500)
    {
        using DisposeScope scope = NewDisposeScope();
        var denoiser = new WaveDenoiser();
        using Tensor latents = tensor(Latents.SelectMany(x => x).ToArray(), [Images, 4, 3, 5]);
        using Conditioning positive = WaveDenoiser.Text([.. Enumerable.Repeat(Positive, Images)]);
        using Conditioning negative = WaveDenoiser.Text([.. Enumerable.Repeat(Negative, Images)]);
        GuidedDenoiser guided = guidance.Guide(denoiser, guidance.NeedsUnconditional ? negative : null, scale);
        int before = scope.DisposablesCount;
        using GuidedPrediction result = guided(DenoiserCalls.Input(latents, timestep, positive));
        Tensor prediction = result.Guided;
        bool separate = result.Conditional is { } conditional && !ReferenceEquals(conditional, prediction);
        Assert.Equal(before + (separate ? 2 : 1) + (result.Unconditional is null ? 0 : 1), scope.DisposablesCount);
        Assert.Equal(latents.shape, prediction.shape);
        return ([.. prediction.data<double>().ToArray().Chunk(Length)], denoiser);
    }

    private static void Check(Func<double[], double[]> formula, double[][] actual)
    {
        for (int i = 0; i < Images; i++)
            Assert.All(formula(Latents[i]).Zip(actual[i]), p => Assert.Equal(p.First, p.Second, Tolerance));
    }

    // Two images of different spread, so that statistics over the batch would show.
    private static double[][] Latents { get; } =
        [
            .. Enumerable.Range(0, Images).Select(p =>
                Enumerable.Range(0, Length).Select(i => (1 + 2 * p) * Math.Sin(i * 1.7 + p)).ToArray()),
        ];

    private static double[] Conditional(double[] x) => [.. x.Select(v => WaveDenoiser.Value(v, Positive))];

    private static double[] Unconditional(double[] x) => [.. x.Select(v => WaveDenoiser.Value(v, Negative))];

    private static double[] Perturbed(double[] x) => [.. x.Select(v => WaveDenoiser.Value(v, Positive, perturbed: true))];

    private static double[] Guided(double[] x) => [.. Unconditional(x).Zip(Conditional(x), (u, c) => u + Scale * (c - u))];

    private static double[] Add(double[] guided, double scale, double[] with, double[] without) =>
        [.. guided.Select((g, i) => g + scale * (with[i] - without[i]))];

    private static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();

    private static double Deviation(double[] x) => Math.Sqrt(x.Sum(v => Math.Pow(v - x.Average(), 2)) / (x.Length - 1));

    /// <summary>Linear between order statistics.</summary>
    private static double Quantile(double[] x, double ratio)
    {
        double[] sorted = [.. x.Order()];
        double at = ratio * (sorted.Length - 1);
        int low = (int)at;
        return sorted[low] + (at - low) * (sorted[Math.Min(low + 1, sorted.Length - 1)] - sorted[low]);
    }

    private static DiffusionProcess Space(PredictionType type) =>
        type == PredictionType.Flow ? DiffusionProcess.Flow() : new DiffusionProcess(s_schedule, type);

    private static double[] ToClean(PredictionType type, double[] output, double[] x)
    {
        (double alpha, double sigma) = Level;
        return [.. x.Zip(output, (noisy, o) => type switch
        {
            PredictionType.Epsilon => (noisy - sigma * o) / alpha,
            PredictionType.Velocity => alpha * noisy - sigma * o,
            PredictionType.Sample => o,
            _ => noisy - 0.5 * o,
        })];
    }

    private static double[] FromClean(PredictionType type, double[] clean, double[] x)
    {
        (double alpha, double sigma) = Level;
        return [.. x.Zip(clean, (noisy, c) => type switch
        {
            PredictionType.Epsilon => (noisy - alpha * c) / sigma,
            PredictionType.Velocity => (alpha * noisy - c) / sigma,
            PredictionType.Sample => c,
            _ => (noisy - c) / 0.5,
        })];
    }

    private static (double Alpha, double Sigma) Level =>
        (Math.Sqrt(s_schedule.AlphasCumprod[500]), Math.Sqrt(1 - s_schedule.AlphasCumprod[500]));

    /// <summary>Somebody's own: twice the conditional prediction.</summary>
    private sealed class Doubling : IGuidance
    {
        public bool NeedsUnconditional => false;

        public GuidedDenoiser Guide(IDenoiser denoiser, Conditioning? unconditional, double scale) => input =>
        {
            using Tensor once = denoiser.Predict(input);
            return new GuidedPrediction(once * 2);
        };
    }
}
