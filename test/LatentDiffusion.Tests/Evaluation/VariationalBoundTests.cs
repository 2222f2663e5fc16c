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
        DenoisingProcess process = DenoisingProcess.Of(schedule, prediction);
        using EvaluationSet set = GaussianData.Set(0.5, 3, size: 2);
        Func<Tensor, double, Tensor> formula = (x, t) => 0.4 * x + 0.05 * t;
        VariationalBound bound = VariationalBound.Measure(
            new FormulaDenoiser(formula), process, set, new VariationalBoundOptions { Seed = 2, Timesteps = 100, Variance = variance });

        for (int i = 0; i < set.Count; i++)
        {
            float[] clean = set.Latents[i].data<float>().ToArray();
            double nats = 0, last = schedule.AlphaBars[^1];
            foreach (float x0 in clean) nats += Divergence(Math.Sqrt(last) * x0, 1 - last, 0, 1);
            for (int t = 0; t < schedule.Timesteps; t++)
            {
                float[] noise = FixedNoise.Of(2, i, t, set.Latents.narrow(0, i, 1)).data<float>().ToArray();
                double alphaBar = schedule.AlphaBars[t], signal = Math.Sqrt(alphaBar), spread = Math.Sqrt(1 - alphaBar);
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
                        // A Gaussian's density at the data.
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
            Assert.Equal(expected, bound.PictureBits[i], 1e-5 * Math.Abs(expected));
        }

        Assert.Equal(bound.PictureBits.Average(), bound.Prior.Mean + bound.Divergences.Mean + bound.Reconstruction.Mean, 1e-9);
        if (zeroTerminal) Assert.Equal(0, bound.Prior.Mean, 1e-9);
    }

    /// <summary>
    /// With the best denoiser and many small steps the bound is the data's entropy, ½·log₂(2πe·s²) bits. With the variance
    /// β_t, which is nearly the true one of small steps, it is so at once; a worse denoiser lies above.
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
        DenoisingProcess process = DenoisingProcess.Of(schedule, PredictionType.Velocity);
        using EvaluationSet set = GaussianData.Set(deviation, 24);
        // What the very latents drawn have, in place of what their distribution has on average.
        using Tensor square = set.Latents.square().mean();
        double entropy = 0.5 * Math.Log2(2 * Math.PI * deviation * deviation) + square.item<float>() / (deviation * deviation) / 2 / Math.Log(2);
        double best = Bound(GaussianData.Best(process, deviation), Timesteps);
        Assert.Equal(entropy, best, 0.04);
        Assert.True(Bound(GaussianData.Best(process, 1.3 * deviation), Timesteps) > best + 0.02);
        // A fraction of the timesteps estimates the same.
        Assert.Equal(best, Bound(GaussianData.Best(process, deviation), 40), 0.1);

        double Bound(IDenoiser denoiser, int evaluated) => VariationalBound.Measure(
            denoiser, process, set, new VariationalBoundOptions { Timesteps = evaluated, BatchSize = 24, Variance = ReverseVariance.Beta }).Total.Mean;
    }

    /// <summary>The probabilities of all 256 levels, under one prediction, sum to one; and the bits are those of the level.</summary>
    [Fact]
    public void Eight_bit_data_have_the_probability_of_their_level()
    {
        using DisposeScope scope = NewDisposeScope();
        NoiseSchedule schedule = NoiseSchedule.Linear(10, 2e-4, 0.3);
        DenoisingProcess process = DenoisingProcess.Of(schedule, PredictionType.Sample);
        // A picture of one level each; whatever is seen, the prediction is 0.4, so that levels near it are likely.
        Tensor levels = arange(256, ScalarType.Float32).view(256, 1, 1, 1) / 127.5 - 1;
        using var set = new EvaluationSet(levels, new Conditioning(zeros(256, 1, 1)));
        VariationalBound bound = VariationalBound.Measure(
            new FormulaDenoiser((x, t) => full_like(x, 0.4f)), process, set,
            new VariationalBoundOptions { Timesteps = 1, Likelihood = DataLikelihood.EightBit, BatchSize = 256, Variance = ReverseVariance.Beta });
        VariationalBound density = VariationalBound.Measure(
            new FormulaDenoiser((x, t) => full_like(x, 0.4f)), process, set,
            new VariationalBoundOptions { Timesteps = 1, BatchSize = 256, Variance = ReverseVariance.Beta });

        // L_0 is what the two differ in.
        double[] bits = [.. bound.PictureBits.Zip(density.PictureBits, (a, b) => a - b)];
        double deviation = Math.Sqrt(schedule.Betas[0]), sum = 0, width = 2 / 255.0;
        for (int i = 0; i < 256; i++)
        {
            double z = (i / 127.5 - 1 - (double)0.4f) / deviation;
            double densityBits = (z * z / 2 + Math.Log(deviation * Math.Sqrt(2 * Math.PI))) / Math.Log(2), levelBits = bits[i] + densityBits;
            sum += Math.Pow(2, -levelBits);
            // Simpson's rule over the level's range.
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
        Assert.Contains("flow", Assert.Throws<NotSupportedException>(() => VariationalBound.Measure(denoiser, DenoisingProcess.Flow(), set)).Message, StringComparison.Ordinal);
        DenoisingProcess blind = DenoisingProcess.Of(NoiseSchedule.Linear(20).WithZeroTerminalSnr(), PredictionType.Epsilon);
        Assert.Contains("timestep 19", Assert.Throws<NotSupportedException>(
            () => VariationalBound.Measure(denoiser, blind, set, new VariationalBoundOptions { Timesteps = 19 })).Message, StringComparison.Ordinal);
    }

    /// <summary>KL of two Gaussians, as a textbook has it.</summary>
    private static double Divergence(double mean, double variance, double otherMean, double otherVariance) =>
        Math.Log(Math.Sqrt(otherVariance / variance)) + (variance + (mean - otherMean) * (mean - otherMean)) / (2 * otherVariance) - 0.5;
}
