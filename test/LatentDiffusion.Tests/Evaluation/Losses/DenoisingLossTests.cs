using System.ComponentModel.DataAnnotations;
using LatentDiffusion.Evaluation;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Evaluation;

public sealed class DenoisingLossTests
{
    private static readonly NoiseSchedule s_schedule = NoiseSchedule.ScaledLinear();

    public static TheoryData<PredictionType> Predictions =>
        [PredictionType.Epsilon, PredictionType.Velocity, PredictionType.Sample, PredictionType.Flow];

    private static DiffusionProcess Process(PredictionType prediction) =>
        prediction == PredictionType.Flow ? DiffusionProcess.Flow() : new DiffusionProcess(s_schedule, prediction);

    /// <summary>Compares the loss with the definitions, with noise drawn here and each image by itself.</summary>
    [Theory]
    [MemberData(nameof(Predictions))]
    public void The_loss_is_the_mean_squared_error_on_the_fixed_noise(PredictionType prediction)
    {
        using DisposeScope scope = NewDisposeScope();
        using EvaluationSet set = GaussianData.Set(0.8, 5);
        Func<Tensor, double, Tensor> formula = (x, t) => 0.3 * x + 0.1 * Math.Cos(t) + 0.2 * x.abs();
        DiffusionProcess process = Process(prediction);
        var options = new DenoisingLossOptions { Seed = 11, Buckets = 4, TimestepsPerBucket = 2, BatchSize = 3 };
        DenoisingLoss loss = DenoisingLoss.Measure(new FormulaDenoiser(formula), process, set, options);

        double overall = 0;
        Assert.Equal(4, loss.Buckets.Count);
        foreach (LossBucket bucket in loss.Buckets)
        {
            double expected = 0;
            foreach (int t in bucket.Timesteps)
            {
                Assert.InRange(t, bucket.FirstTimestep, bucket.LastTimestep);
                for (int i = 0; i < set.Count; i++)
                {
                    Tensor clean = set.Latents[i].to(ScalarType.Float64);
                    Tensor noise = FixedNoise.Create(11, i, t, set.Latents.narrow(0, i, 1))[0].to(ScalarType.Float64);
                    double alphaBar = s_schedule.AlphasCumprod[t], sigma = (t + 1) / 1000.0;
                    double signal = Math.Sqrt(alphaBar), spread = Math.Sqrt(1 - alphaBar);
                    Tensor noisy = prediction == PredictionType.Flow
                        ? (1 - sigma) * clean + sigma * noise
                        : signal * clean + spread * noise;
                    Tensor target = prediction switch
                    {
                        PredictionType.Epsilon => noise,
                        PredictionType.Sample => clean,
                        PredictionType.Velocity => signal * noise - spread * clean,
                        _ => noise - clean,
                    };
                    Tensor output = formula(noisy, prediction == PredictionType.Flow ? t + 1 : t);
                    expected += (output - target).square().mean().item<double>() / (bucket.Timesteps.Count * set.Count);
                }
            }

            Assert.Equal(expected, bucket.Loss.Mean, 2e-6 * expected);
            overall += expected / 4;
        }

        Assert.Equal(overall, loss.Overall.Mean, 2e-6 * overall);
        Assert.Equal(set.Count, loss.Overall.Count);
    }

    /// <summary>The least possible loss for Gaussian data has a formula, whose value lies in the interval of the estimate.</summary>
    [Theory]
    [MemberData(nameof(Predictions))]
    public void The_best_denoiser_has_the_least_loss(PredictionType prediction)
    {
        const double Deviation = 0.6;
        DiffusionProcess process = Process(prediction);
        using EvaluationSet set = GaussianData.Set(Deviation, 24);
        DenoisingLoss loss = DenoisingLoss.Measure(
            GaussianData.Best(process, Deviation),
            process,
            set,
            new DenoisingLossOptions { Buckets = 5, TimestepsPerBucket = 2, Confidence = 0.9999 });
        foreach (LossBucket bucket in loss.Buckets)
        {
            double expected = bucket.Timesteps.Average(t => GaussianData.LeastError(process, t, Deviation));
            Assert.InRange(expected, bucket.Loss.Low, bucket.Loss.High);
            Assert.InRange(bucket.Loss.StandardError / expected, 1e-4, 0.1);
        }
    }

    [Fact]
    public void Batch_size_and_repetition_change_nothing()
    {
        using EvaluationSet set = GaussianData.Set(1, 7);
        DiffusionProcess process = Process(PredictionType.Epsilon);
        double[] LossesInBatchesOf(int batch) => [.. DenoisingLoss.Measure(
            new FormulaDenoiser((x, t) => x * 0.5), process, set, new DenoisingLossOptions { BatchSize = batch, Buckets = 3 }).ImageLosses];
        Assert.Equal(LossesInBatchesOf(1), LossesInBatchesOf(7));
        Assert.Equal(LossesInBatchesOf(3), LossesInBatchesOf(3));
    }

    [Fact]
    public void Noise_follows_from_seed_image_and_timestep()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor like = zeros(3, 4, 2, 2), all = FixedNoise.Create(1, 5, 40, like);
        for (int i = 0; i < 3; i++)
            Assert.Equal(all[i].data<float>().ToArray(), FixedNoise.Create(1, 5 + i, 40, like.narrow(0, 0, 1)).data<float>().ToArray());
        float[] first = all[0].data<float>().ToArray();
        Assert.NotEqual(first, all[1].data<float>().ToArray());
        Assert.NotEqual(first, FixedNoise.Create(2, 5, 40, like)[0].data<float>().ToArray());
        Assert.NotEqual(first, FixedNoise.Create(1, 5, 41, like)[0].data<float>().ToArray());
    }

    [Fact]
    public void Timesteps_are_one_from_each_stratum()
    {
        Strata.Stratum[] strata = Strata.Draw(1, 1000, 32, 4, power: 2);
        Assert.Equal((1, 1000), (strata[0].Low, strata[^1].High));
        Assert.All(strata, s => Assert.InRange(s.Drawn, s.Low, s.High - 1));
        Assert.All(strata.Zip(strata.Skip(1)), pair => Assert.Equal(pair.First.High, pair.Second.Low));
        Assert.True(strata[0].Width < 4 && strata[^1].Width > 50, $"{strata[0]}, {strata[^1]}");
        Assert.Equal(Enumerable.Range(0, 9), Strata.Draw(0, 9, 50, 4, power: 2).Select(s => s.Drawn));
        // Over many seeds every timestep of a stratum is drawn equally often.
        int[] drawn = [.. Enumerable.Range(0, 4000).Select(seed => Strata.Draw(0, 8, 2, (ulong)seed)[1].Drawn)];
        Assert.All(drawn.CountBy(d => d), d => Assert.InRange(d.Value, 880, 1120));
        Assert.Equal(4, drawn.Distinct().Count());
    }

    [Fact]
    public void The_loss_gap_shows_memorization_and_only_memorization()
    {
        DiffusionProcess process = Process(PredictionType.Sample);
        using EvaluationSet test = GaussianData.Set(0.7, 12, seed: 1), training = GaussianData.Set(0.7, 12, seed: 2);
        var options = new DenoisingLossOptions { Buckets = 4, TimestepsPerBucket = 1 };
        FormulaDenoiser best = GaussianData.Best(process, 0.7);
        // Answers with the nearest training image: memorization only.
        var memory = new FormulaDenoiser((noisy, t) =>
        {
            (double signal, _) = process.LevelAt(t);
            Tensor distances = cdist(noisy.flatten(1), training.Latents.flatten(1) * signal);
            Tensor generalized = best.Predict(noisy, t, new Conditioning(zeros(noisy.shape[0], 1, 1)));
            return 0.5 * training.Latents.index_select(0, distances.argmin(1)) + 0.5 * generalized;
        });
        using DisposeScope scope = NewDisposeScope();
        LossComparison Compare(IDenoiser denoiser) => new(
            DenoisingLoss.Measure(denoiser, process, test, options), DenoisingLoss.Measure(denoiser, process, training, options));
        LossComparison honest = Compare(best), remembered = Compare(memory);
        Assert.True(honest.Paired);
        Assert.False(honest.ShowsMemorization);
        Assert.InRange(0, honest.Gap.Low, honest.Gap.High);
        Assert.True(remembered.ShowsMemorization);
        Assert.True(remembered.Gap.Mean > 10 * remembered.Gap.StandardError);
        Assert.Equal(remembered.Test.Overall.Mean - remembered.Training.Overall.Mean, remembered.Gap.Mean, 1e-12);
        // Memorization at noisy timesteps only is found there.
        var outlines = new FormulaDenoiser((noisy, t) =>
            (t >= 750 ? memory : best).Predict(noisy, t, new Conditioning(zeros(noisy.shape[0], 1, 1))));
        Assert.Empty(honest.HigherBuckets);
        Assert.Equal([3], Compare(outlines).HigherBuckets);
    }

    [Fact]
    public void Different_set_sizes_are_unpaired_and_other_measurements_refused()
    {
        DiffusionProcess process = Process(PredictionType.Epsilon);
        using EvaluationSet test = GaussianData.Set(1, 4), training = GaussianData.Set(1, 6);
        var denoiser = new FormulaDenoiser((x, t) => x * 0.5);
        var options = new DenoisingLossOptions { Buckets = 2 };
        DenoisingLoss a = DenoisingLoss.Measure(denoiser, process, test, options);
        DenoisingLoss b = DenoisingLoss.Measure(denoiser, process, training, options);
        LossComparison comparison = new(a, b);
        Assert.False(comparison.Paired);
        Assert.Equal(Estimate.FromDifference(a.ImageLosses, b.ImageLosses), comparison.Gap);
        DenoisingLoss otherSeed = DenoisingLoss.Measure(denoiser, process, training, options with { Seed = 1 });
        Assert.Throws<ArgumentException>(() => new LossComparison(a, otherSeed));
    }

    [Fact]
    public void Wrong_arguments_are_named()
    {
        using EvaluationSet set = GaussianData.Set(1, 2);
        var denoiser = new FormulaDenoiser((x, t) => x);
        DiffusionProcess process = Process(PredictionType.Epsilon);
        var options = new DenoisingLossOptions { Buckets = 0 };
        string message = Assert.Throws<ValidationException>(() => DenoisingLoss.Measure(denoiser, process, set, options)).Message;
        Assert.Contains("Buckets", message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new DiffusionProcess(s_schedule, PredictionType.Flow));
        Assert.Throws<ArgumentOutOfRangeException>(() => process.NetworkTimestep(1000));
        message = Assert.Throws<ArgumentException>(
            () => new EvaluationSet(zeros(1, 4, 2, 2), new Conditioning(zeros(1, 1, 1)))).Message;
        Assert.Contains("[1, 4, 2, 2]", message, StringComparison.Ordinal);
        Assert.Throws<OperationCanceledException>(
            () => DenoisingLoss.Measure(denoiser, process, set, null, null, new CancellationToken(true)));
    }

    [Fact]
    public void The_process_follows_the_schedulers_configuration()
    {
        DiffusionProcess velocity = ProcessFrom(
            """{ "_class_name": "DDIMScheduler", "prediction_type": "v_prediction", "num_train_timesteps": 50 }""");
        Assert.Equal((PredictionType.Velocity, 50), (velocity.PredictionType, velocity.TrainingTimesteps));
        Assert.Equal(1e-4, velocity.Schedule!.Betas[0], 1e-9);
        DiffusionProcess flow = ProcessFrom("""{ "_class_name": "FlowMatchEulerDiscreteScheduler" }""");
        Assert.Equal((PredictionType.Flow, 1000), (flow.PredictionType, flow.TrainingTimesteps));
        Assert.Equal((0, 1), (flow.LevelAt(1000).Alpha, flow.LevelAt(1000).Sigma));
        DiffusionProcess unknown = ProcessFrom(
            """{ "_class_name": "DPMSolverSDEScheduler", "prediction_type": "v_prediction", "num_train_timesteps": 50 }""");
        Assert.Equal((PredictionType.Velocity, 50), (unknown.PredictionType, unknown.TrainingTimesteps));
        Assert.Throws<NotSupportedException>(() => ProcessFrom("""{ "_class_name": "EDMEulerScheduler" }"""));

        static DiffusionProcess ProcessFrom(string config) => DiffusionProcess.FromConfig(SchedulerConfig.Parse(config));
    }
}
