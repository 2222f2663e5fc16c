using LatentDiffusion.Evaluation;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Evaluation;

public sealed class VariationalBoundTests
{
    /// <summary>Every term of equation 5 from the definitions, value by value, at all timesteps.</summary>
    [Theory]
    [InlineData(PredictionType.Epsilon, ReverseVariance.Posterior, false)]
    [InlineData(PredictionType.Epsilon, ReverseVariance.Beta, false)]
    [InlineData(PredictionType.Velocity, ReverseVariance.Posterior, true)]
    [InlineData(PredictionType.Sample, ReverseVariance.Beta, true)]
    public void The_bound_is_the_sum_of_the_divergences(PredictionType prediction, ReverseVariance variance, bool zeroTerminal)
    {
        using DisposeScope scope = NewDisposeScope();
        NoiseSchedule schedule = NoiseSchedule.Linear(12, 0.01, 0.4);
        if (zeroTerminal) schedule = schedule.WithZeroTerminalSnr();
        DiffusionProcess process = new DiffusionProcess(schedule, prediction);
        using EvaluationSet set = GaussianData.Set(0.5, 3, size: 2);
        Func<Tensor, double, Tensor> formula = (x, t) => 0.4 * x + 0.05 * t;
        VariationalBound bound = VariationalBound.Measure(
            new FormulaDenoiser(formula), process, set, new VariationalBoundOptions { Seed = 2, Timesteps = 100, Variance = variance });

        for (int i = 0; i < set.Count; i++)
        {
            float[] clean = set.Latents[i].data<float>().ToArray();
            double nats = 0, last = schedule.AlphasCumprod[^1];
            foreach (float x0 in clean) nats += Divergence(Math.Sqrt(last) * x0, 1 - last, 0, 1);
            for (int t = 0; t < schedule.Timesteps; t++)
            {
                float[] noise = FixedNoise.Create(2, i, t, set.Latents.narrow(0, i, 1)).data<float>().ToArray();
                double alphaBar = schedule.AlphasCumprod[t], signal = Math.Sqrt(alphaBar), spread = Math.Sqrt(1 - alphaBar);
                for (int d = 0; d < clean.Length; d++)
                {
                    double xt = signal * clean[d] + spread * noise[d], output = 0.4 * xt + 0.05 * t;
                    double estimate = prediction switch
                    {
                        PredictionType.Epsilon => (xt - spread * output) / signal,
                        PredictionType.Velocity => signal * xt - spread * output,
                        _ => output,
                    };
                    if (t == 0)
                    {
                        // The density of a Gaussian at the data.
                        double v = variance == ReverseVariance.Beta ? schedule.Betas[0] : schedule.PosteriorVariance(1);
                        nats -= Math.Log(Math.Exp(-(clean[d] - estimate) * (clean[d] - estimate) / (2 * v)) / Math.Sqrt(2 * Math.PI * v));
                        continue;
                    }

                    (double toClean, double toNoisy) = schedule.PosteriorMean(t);
                    double truth = schedule.PosteriorVariance(t), model = variance == ReverseVariance.Beta ? schedule.Betas[t] : truth;
                    nats += Divergence(toClean * clean[d] + toNoisy * xt, truth, toClean * estimate + toNoisy * xt, model);
                }
            }

            double expected = nats / clean.Length / Math.Log(2);
            Assert.Equal(expected, bound.ImageBits[i], 1e-5 * Math.Abs(expected));
        }

        Assert.Equal(bound.ImageBits.Average(), bound.Prior.Mean + bound.Divergences.Mean + bound.Reconstruction.Mean, 1e-9);
        if (zeroTerminal) Assert.Equal(0, bound.Prior.Mean, 1e-9);
    }

    /// <summary>
    /// With the best denoiser and many small steps the bound is the entropy of the data, ½·log₂(2πe·s²) bits. The variance
    /// β_t, which is nearly the true variance of small steps, reaches it directly; the bound of a worse denoiser is higher.
    /// </summary>
    [Theory]
    [InlineData(0.5)]
    [InlineData(1.5)]
    public void The_best_denoiser_comes_down_to_the_entropy_of_Gaussian_data(double deviation)
    {
        // Steps of equal size in the logarithm of the signal-to-noise ratio, from e⁸ to e⁻⁸.
        const int Timesteps = 200;
        double[] alphaBars = [1, .. Enumerable.Range(0, Timesteps).Select(t => 1 / (1 + Math.Exp(16.0 * t / (Timesteps - 1) - 8)))];
        NoiseSchedule schedule = NoiseSchedule.FromBetas([.. alphaBars.Zip(alphaBars.Skip(1), (before, after) => 1 - after / before)]);
        DiffusionProcess process = new DiffusionProcess(schedule, PredictionType.Velocity);
        using EvaluationSet set = GaussianData.Set(deviation, 24);
        // The mean square of the drawn latents, not that of their distribution.
        using Tensor square = set.Latents.square().mean();
        double nats = 0.5 * Math.Log(2 * Math.PI * deviation * deviation) + square.item<float>() / (deviation * deviation) / 2;
        double entropy = nats / Math.Log(2);
        double best = Bound(GaussianData.Best(process, deviation), Timesteps);
        Assert.Equal(entropy, best, 0.04);
        Assert.True(Bound(GaussianData.Best(process, 1.3 * deviation), Timesteps) > best + 0.02);
        // A fraction of the timesteps gives the same estimate.
        Assert.Equal(best, Bound(GaussianData.Best(process, deviation), 40), 0.02);

        double Bound(IDenoiser denoiser, int evaluated) => VariationalBound.Measure(
            denoiser,
            process,
            set,
            new VariationalBoundOptions { Timesteps = evaluated, BatchSize = 24, Variance = ReverseVariance.Beta }).Total.Mean;
    }

    /// <summary>
    /// 24 strata of a thousand timesteps: the coefficients are summed exactly, so a constant error does not add variance.
    /// </summary>
    [Theory]
    [InlineData(PredictionType.Velocity, ReverseVariance.Posterior)]
    [InlineData(PredictionType.Velocity, ReverseVariance.Beta)]
    [InlineData(PredictionType.Epsilon, ReverseVariance.Posterior)]
    [InlineData(PredictionType.Epsilon, ReverseVariance.Beta)]
    public void A_few_timesteps_give_the_sum_over_all_where_the_error_is_even(PredictionType prediction, ReverseVariance variance)
    {
        DiffusionProcess process = new DiffusionProcess(NoiseSchedule.ScaledLinear(), prediction);
        VariationalBound bound = Estimated(process, _ => 1, seed: 0, images: 2, variance);
        double exact = Divergences(process, _ => 1, variance);
        Assert.Equal(exact, bound.Divergences.Mean, 1e-5 * exact);
        Assert.Equal(0, bound.Divergences.StandardError, 1e-5 * exact);
    }

    /// <summary>
    /// If the error is not constant, timesteps are drawn separately for each image, and the interval includes their variance.
    /// </summary>
    [Theory]
    [InlineData(PredictionType.Velocity, ReverseVariance.Posterior)]
    [InlineData(PredictionType.Epsilon, ReverseVariance.Beta)]
    [InlineData(PredictionType.Sample, ReverseVariance.Posterior)]
    public void The_interval_holds_the_sum_over_all_timesteps(PredictionType prediction, ReverseVariance variance)
    {
        DiffusionProcess process = new DiffusionProcess(NoiseSchedule.ScaledLinear(), prediction);
        // Oscillates between 0.2 and 1.8.
        Func<int, double> error = t => 1 + 0.8 * Math.Cos(0.7 * t);
        double exact = Divergences(process, error, variance);
        const int Seeds = 60;
        VariationalBound[] bounds =
            [.. Enumerable.Range(0, Seeds).Select(seed => Estimated(process, error, (ulong)seed, images: 12, variance))];
        int covered = bounds.Count(b => b.Divergences.Low <= exact && exact <= b.Divergences.High);
        // 95 % of 60 is 57, with a binomial standard deviation of 1.7.
        Assert.InRange(covered, 52, 60);
        // The estimates are unbiased, with the deviation that the intervals state.
        double mean = bounds.Average(b => b.Divergences.Mean), stated = bounds.Average(b => b.Divergences.StandardError);
        Assert.Equal(exact, mean, 3 * stated / Math.Sqrt(Seeds));
        Assert.InRange(stated, 1e-4 * exact, 0.1 * exact);
    }

    /// <summary>Equation 15 value by value, at all timesteps; and by a few of them on average.</summary>
    [Theory]
    [InlineData(DataLikelihood.Density)]
    [InlineData(DataLikelihood.EightBit)]
    public void Learned_variances_enter_every_term(DataLikelihood likelihood)
    {
        using DisposeScope scope = NewDisposeScope();
        NoiseSchedule schedule = NoiseSchedule.ScaledLinear(12, 0.01, 0.4);
        DiffusionProcess process = new DiffusionProcess(schedule, PredictionType.Velocity);
        using EvaluationSet set = GaussianData.Set(0.3, 3, size: 2);
        var denoiser = new FormulaDenoiser((x, t) => cat([0.4 * x + 0.05 * t, (x + 0.1 * t).sin()], 1));
        var options = new VariationalBoundOptions { Seed = 2, Timesteps = 100, Likelihood = likelihood };
        VariationalBound bound = VariationalBound.Measure(denoiser, process, set, options);
        Assert.Equal(ReverseVariance.Learned, bound.Variance);
        Assert.Equal(bound.Total, bound.Totals[ReverseVariance.Learned]);
        for (int i = 0; i < set.Count; i++)
        {
            float[] clean = set.Latents[i].data<float>().ToArray();
            double nats = 0, last = schedule.AlphasCumprod[^1];
            foreach (float x0 in clean) nats += Divergence(Math.Sqrt(last) * x0, 1 - last, 0, 1);
            for (int t = 0; t < schedule.Timesteps; t++)
            {
                float[] noise = FixedNoise.Create(2, i, t, set.Latents.narrow(0, i, 1)).data<float>().ToArray();
                double signal = Math.Sqrt(schedule.AlphasCumprod[t]), spread = Math.Sqrt(1 - schedule.AlphasCumprod[t]);
                for (int d = 0; d < clean.Length; d++)
                {
                    double xt = signal * clean[d] + spread * noise[d], estimate = signal * xt - spread * (0.4 * xt + 0.05 * t);
                    double share = (Math.Sin(xt + 0.1 * t) + 1) / 2, lower = schedule.PosteriorVariance(Math.Max(t, 1));
                    double model = Math.Pow(schedule.Betas[t], share) * Math.Pow(lower, 1 - share);
                    if (t == 0)
                    {
                        double squared = (clean[d] - estimate) * (clean[d] - estimate);
                        nats -= likelihood == DataLikelihood.Density
                            ? Math.Log(Math.Exp(-squared / (2 * model)) / Math.Sqrt(2 * Math.PI * model))
                            : Math.Log(Math.Max(1e-12, Mass(clean[d] - 1 / 255.0, clean[d] + 1 / 255.0, estimate, Math.Sqrt(model))));
                        continue;
                    }

                    (double toClean, double toNoisy) = schedule.PosteriorMean(t);
                    nats += Divergence(toClean * clean[d] + toNoisy * xt, lower, toClean * estimate + toNoisy * xt, model);
                }
            }

            double expected = nats / clean.Length / Math.Log(2);
            Assert.Equal(expected, bound.ImageBits[i], 1e-5 * Math.Abs(expected));
        }

        VariationalBound[] few = Repeated(options with { Timesteps = 3 }), all = Repeated(options);
        double deviation = Math.Sqrt(few.Average(b => Math.Pow(b.Divergences.Mean, 2)) - Math.Pow(few.Average(b => b.Divergences.Mean), 2));
        Assert.Equal(all.Average(b => b.Divergences.Mean), few.Average(b => b.Divergences.Mean), 3.5 * deviation / Math.Sqrt(200));

        VariationalBound[] Repeated(VariationalBoundOptions each) =>
        [
            .. Enumerable.Range(0, 200)
                .Select(seed => VariationalBound.Measure(denoiser, process, set, each with { Seed = (ulong)seed })),
        ];

        // Simpson's rule.
        static double Mass(double low, double high, double mean, double deviation)
        {
            double sum = 0;
            for (int k = 0; k <= 200; k++)
            {
                double z = (low + (high - low) * k / 200 - mean) / deviation;
                sum += (k is 0 or 200 ? 1 : k % 2 == 1 ? 4 : 2) * Math.Exp(-z * z / 2);
            }

            return sum * (high - low) / 600 / deviation / Math.Sqrt(2 * Math.PI);
        }
    }

    [Fact]
    public void The_lower_of_two_bounds_is_taken_and_named()
    {
        DiffusionProcess process = new DiffusionProcess(NoiseSchedule.ScaledLinear(50), PredictionType.Velocity);
        using var set = new EvaluationSet(zeros(3, 4, 2, 2), new Conditioning(zeros(3, 1, 1)));
        // A large error needs a large variance, no error the variance of the posterior: for images of zeros, v is √ᾱ·x_t/√(1 − ᾱ).
        Check(new FormulaDenoiser((x, t) => 3 + x), ReverseVariance.Beta);
        Check(new FormulaDenoiser((x, t) => x * (process.LevelAt(t).Alpha / process.LevelAt(t).Sigma)), ReverseVariance.Posterior);

        void Check(IDenoiser denoiser, ReverseVariance better)
        {
            VariationalBound bound = VariationalBound.Measure(denoiser, process, set);
            Assert.Equal([ReverseVariance.Posterior, ReverseVariance.Beta], bound.Totals.Keys);
            Assert.Equal(better, bound.Variance);
            Assert.Equal(bound.Totals.Values.Min(t => t.Mean), bound.Total.Mean);
            foreach (ReverseVariance asked in bound.Totals.Keys)
            {
                VariationalBound alone = VariationalBound.Measure(denoiser, process, set, new VariationalBoundOptions { Variance = asked });
                Assert.Equal(asked, alone.Variance);
                Assert.Equal(bound.Totals[asked], alone.Total);
            }

            var learned = new VariationalBoundOptions { Variance = ReverseVariance.Learned };
            string message = Assert.Throws<NotSupportedException>(
                () => VariationalBound.Measure(denoiser, process, set, learned)).Message;
            Assert.Contains("Learned", message, StringComparison.Ordinal);
        }
    }

    /// <summary>Without denoising, noise of variance 1 − ᾱ remains and 1 − √ᾱ of the sample is missing.</summary>
    [Fact]
    public void The_last_step_without_denoising_is_told_beside_it()
    {
        NoiseSchedule schedule = NoiseSchedule.ScaledLinear(50);
        using EvaluationSet set = GaussianData.Set(1, 40, size: 16);
        VariationalBound bound = VariationalBound.Measure(
            new FormulaDenoiser((x, t) => x), new DiffusionProcess(schedule, PredictionType.Sample), set,
            new VariationalBoundOptions { Timesteps = 1, Variance = ReverseVariance.Beta, BatchSize = 40 });
        // The prediction of x_1 as the sample does not denoise.
        Assert.Equal(bound.Reconstruction.Mean, bound.UndenoisedReconstruction.Mean, 1e-6);
        double beta = schedule.Betas[0], square = beta + Math.Pow(1 - Math.Sqrt(1 - beta), 2);
        Assert.Equal((square / beta + Math.Log(2 * Math.PI * beta)) / 2 / Math.Log(2), bound.UndenoisedReconstruction.Mean, 0.02);
    }

    /// <summary>The probabilities of all 256 levels under one prediction sum to one, and the bits are those of the level.</summary>
    [Fact]
    public void Eight_bit_data_have_the_probability_of_their_level()
    {
        using DisposeScope scope = NewDisposeScope();
        NoiseSchedule schedule = NoiseSchedule.Linear(10, 2e-4, 0.3);
        DiffusionProcess process = new DiffusionProcess(schedule, PredictionType.Sample);
        // Each image has one level. The prediction is always 0.4, so that levels near it are likely.
        Tensor levels = arange(256, ScalarType.Float32).view(256, 1, 1, 1) / 127.5 - 1;
        using var set = new EvaluationSet(levels, new Conditioning(zeros(256, 1, 1)));
        VariationalBound bound = VariationalBound.Measure(
            new FormulaDenoiser((x, t) => full_like(x, 0.4f)), process, set,
            new VariationalBoundOptions
            {
                Timesteps = 1, Likelihood = DataLikelihood.EightBit, BatchSize = 256, Variance = ReverseVariance.Beta,
            });
        VariationalBound density = VariationalBound.Measure(
            new FormulaDenoiser((x, t) => full_like(x, 0.4f)), process, set,
            new VariationalBoundOptions { Timesteps = 1, BatchSize = 256, Variance = ReverseVariance.Beta });

        // The two differ only in L_0.
        double[] bits = [.. bound.ImageBits.Zip(density.ImageBits, (a, b) => a - b)];
        double deviation = Math.Sqrt(schedule.Betas[0]), sum = 0, width = 2 / 255.0;
        for (int i = 0; i < 256; i++)
        {
            double z = (i / 127.5 - 1 - (double)0.4f) / deviation;
            double densityBits = (z * z / 2 + Math.Log(deviation * Math.Sqrt(2 * Math.PI))) / Math.Log(2);
            double levelBits = bits[i] + densityBits;
            sum += Math.Pow(2, -levelBits);
            // Simpson's rule over the range of the level.
            if (Math.Abs(z) < 4)
            {
                double Density(double x) => Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI) / deviation;
                double expected = 0;
                for (int k = 0; k < 100; k++)
                {
                    double left = z + (k / 100.0 - 0.5) * width / deviation, right = left + width / deviation / 100;
                    expected += (Density(left) + 4 * Density((left + right) / 2) + Density(right)) / 6 * width / 100;
                }

                Assert.Equal(-Math.Log2(expected), levelBits, 2e-4);
            }
        }

        Assert.Equal(1, sum, 1e-5);
    }

    [Fact]
    public void What_has_no_bound_is_refused()
    {
        using EvaluationSet set = GaussianData.Set(1, 2);
        var denoiser = new FormulaDenoiser((x, t) => x);
        string message = Assert.Throws<NotSupportedException>(
            () => VariationalBound.Measure(denoiser, DiffusionProcess.Flow(), set)).Message;
        Assert.Contains("flow", message, StringComparison.Ordinal);
        DiffusionProcess blind = new DiffusionProcess(NoiseSchedule.Linear(20).WithZeroTerminalSnr(), PredictionType.Epsilon);
        var options = new VariationalBoundOptions { Timesteps = 19 };
        message = Assert.Throws<NotSupportedException>(() => VariationalBound.Measure(denoiser, blind, set, options)).Message;
        Assert.Contains("timestep 19", message, StringComparison.Ordinal);
    }

    /// <summary>The bound of images of zeros for a prediction with a given squared error at each timestep.</summary>
    private static VariationalBound Estimated(
        DiffusionProcess process,
        Func<int, double> error,
        ulong seed,
        int images,
        ReverseVariance variance)
    {
        using var set = new EvaluationSet(zeros(images, 4, 1, 1), new Conditioning(zeros(images, 1, 1)));
        var denoiser = new FormulaDenoiser((x, t) =>
        {
            (double signal, double noise) = process.LevelAt(t);
            // ε = x_t/n, because x_0 is 0. The error of the sample is constant as an error of the velocity.
            return process.PredictionType switch
            {
                PredictionType.Epsilon => x / noise + Math.Sqrt(error((int)t)),
                PredictionType.Velocity => x * (signal / noise) + Math.Sqrt(error((int)t)),
                _ => full_like(x, (float)(noise * Math.Sqrt(error((int)t)))),
            };
        });
        var options = new VariationalBoundOptions { Seed = seed, Timesteps = 24, Variance = variance, BatchSize = 12 };
        return VariationalBound.Measure(denoiser, process, set, options);
    }

    /// <summary>Σ of the divergences over all timesteps, in bits, from their definition.</summary>
    private static double Divergences(DiffusionProcess process, Func<int, double> error, ReverseVariance variance)
    {
        double nats = 0;
        for (int t = 1; t < process.TrainingTimesteps; t++)
        {
            (double signal, double noise) = process.LevelAt(t);
            double toClean = process.PredictionType == PredictionType.Epsilon ? noise / signal : noise;
            double truth = process.Schedule!.PosteriorVariance(t);
            double model = variance == ReverseVariance.Beta ? process.Schedule.Betas[t] : truth;
            nats += Divergence(0, truth, process.Schedule.PosteriorMean(t).Clean * toClean * Math.Sqrt(error(t)), model);
        }

        return nats / Math.Log(2);
    }

    /// <summary>The Kullback-Leibler divergence of two Gaussians.</summary>
    private static double Divergence(double mean, double variance, double otherMean, double otherVariance) =>
        Math.Log(Math.Sqrt(otherVariance / variance)) + (variance + (mean - otherMean) * (mean - otherMean)) / (2 * otherVariance) - 0.5;
}
