using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training;

public sealed class DenoiserLossTests : IDisposable
{
    private static readonly NoiseSchedule s_schedule = NoiseSchedule.ScaledLinear();

    private static readonly Dictionary<string, DenoiserTrainingOptions> s_losses = new()
    {
        ["simple"] = new(),
        ["variational"] = new() { Weighting = new VariationalWeighting() },
        ["min-snr"] = new() { PredictionType = PredictionType.Velocity, Weighting = new MinSnrWeighting() },
        ["debiased"] = new() { PredictionType = PredictionType.Sample, Weighting = new DebiasedWeighting() },
        ["p2"] = new() { Weighting = new P2Weighting(), Timesteps = new LogitNormalTimesteps() },
        ["huber"] = new() { HuberDelta = 0.1 },
        ["offset and perturbation"] = new() { PredictionType = PredictionType.Velocity, OffsetNoise = 0.1, InputPerturbation = 0.1 },
        ["flow"] = new() { PredictionType = PredictionType.Flow, Timesteps = new LogitNormalTimesteps { Mean = 0.5 }, FlowTimeShift = 3 },
    };

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TinyDenoiser _tiny = new();

    public static TheoryData<string> Losses => [.. s_losses.Keys];

    public void Dispose()
    {
        _tiny.Dispose();
        _scope.Dispose();
    }

    [Theory]
    [MemberData(nameof(Losses))]
    public void Gradients_agree_with_finite_differences(string name)
    {
        DenoiserTrainingOptions options = s_losses[name] with { BatchSize = 3 };
        _tiny.Network.to(ScalarType.Float64);
        _tiny.Text.to(ScalarType.Float64);
        using DenoiserObjective objective = _tiny.Objective(options, options.PredictionType == PredictionType.Flow ? null : s_schedule);
        FiniteDifferences.Agree(() => Loss(objective), FiniteDifferences.Parameters(_tiny.Network, _tiny.Text));
    }

    [Fact]
    public void The_loss_weighs_each_sample_by_its_timestep()
    {
        using IDisposable noGrad = no_grad();
        var options = new DenoiserTrainingOptions
        {
            BatchSize = 3, CaptionDropout = 0, Weighting = new P2Weighting(),
            OffsetNoise = 0.3, InputPerturbation = 0.2, HuberDelta = 0.5
        };
        using DenoiserObjective objective = _tiny.Objective(options, s_schedule);
        double actual = Loss(objective).item<float>();

        // The same draws in the same order, and each image by itself.
        var random = new Generator(9);
        rand(3, generator: random);
        long[] timesteps = randint(0, 1000, [3], dtype: ScalarType.Int64, generator: random).data<long>().ToArray();
        Tensor noise = randn([3, 4, 8, 8], generator: random),
            offset = randn([3, 4, 1, 1], generator: random),
            more = randn([3, 4, 8, 8], generator: random);
        noise = noise + 0.3 * offset;
        long[] order = new BatchIndices(6, 3).IndicesFor(0);
        double expected = 0;
        for (int i = 0; i < 3; i++)
        {
            double alphaBar = s_schedule.AlphasCumprod[(int)timesteps[i]];
            Tensor sample = (_tiny.Data.Latents[order[i]].to(ScalarType.Float32).unsqueeze(0) - 0.2) * 0.7;
            Tensor noisy = Math.Sqrt(alphaBar) * sample + Math.Sqrt(1 - alphaBar) * (noise[i] + 0.2 * more[i]).unsqueeze(0);
            Tensor hidden = _tiny.Text.call(_tiny.Data.Ids[order[i]].unsqueeze(0)).LastHiddenState;
            Tensor error = _tiny.Network.call(new UNetInput(noisy, tensor([timesteps[i]]), hidden)) - noise[i].unsqueeze(0);
            double huber = error.data<float>().ToArray().Average(e => 2 * 0.5 * (Math.Sqrt((double)e * e + 0.25) - 0.5));
            expected += huber / (1 + alphaBar / (1 - alphaBar)) / 3;
        }

        Assert.Equal(1, actual / expected, 1e-5);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_flow_is_what_the_scheduler_integrates(double shift)
    {
        var options = new DenoiserTrainingOptions { PredictionType = PredictionType.Flow, FlowTimeShift = shift };
        var batches = new NoisyBatchSampler(DiffusionProcess.Flow(), options);
        Tensor sample = Reference.FormulaWeights.Input("x", [5, 4, 4, 4]);
        (Tensor noisy, Tensor timesteps, Tensor target, Tensor? weights) = batches.Draw(sample, new Generator(2));
        Assert.Null(weights);
        double[] drawn = [.. rand(5, generator: new Generator(2)).data<float>().Select(u => shift * u / (1 + (shift - 1) * u))];
        var scheduler = new FlowMatchEulerScheduler();
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(drawn[i] * 1000, timesteps[i].item<float>(), 1e-3);
            // One step from the sample's own noise level to none, with the target for the network's output.
            using ISchedulerRun run = scheduler.Start(new SamplingOptions { Sigmas = [drawn[i]] });
            Assert.Equal(timesteps[i].item<float>(), run.Timestep, 1e-3);
            Tensor clean = run.Step(target[i].unsqueeze(0), noisy[i].unsqueeze(0));
            Assert.True(clean.allclose(sample[i].unsqueeze(0), 1e-5, 1e-5));
        }
    }

    [Fact]
    public void Logit_normal_times_have_the_given_logits()
    {
        Tensor times = new LogitNormalTimesteps { Mean = -0.4, StandardDeviation = 1.3 }
            .Draw(200_000, new Generator(1)).to(ScalarType.Float64);
        Tensor logits = (times / (1 - times)).log();
        Assert.Equal(-0.4, logits.mean().item<double>(), 0.01);
        Assert.Equal(1.3, logits.std().item<double>(), 0.01);
    }

    [Fact]
    public void A_frozen_text_encoder_equals_precomputed_texts()
    {
        var options = new DenoiserTrainingOptions { BatchSize = 3, CaptionDropout = 0.5, TrainTextEncoder = false };
        using DenoiserObjective frozen = _tiny.Objective(options, s_schedule);
        Assert.Equal(["unet"], frozen.Modules.Keys);
        Tensor loss = Loss(frozen);
        loss.backward();
        Assert.All(_tiny.Text.parameters(), p => Assert.Null(p.grad));

        using IDisposable noGrad = no_grad();
        Tensor embeddings = _tiny.Text.call(_tiny.Data.Ids).LastHiddenState;
        Tensor empty = _tiny.Text.call(tensor(_tiny.Tokenizer.Encode("").Ids).unsqueeze(0)).LastHiddenState.squeeze(0);
        using var precomputed = new DenoiserObjective(
            new UNetDenoiser(_tiny.Network),
            new PrecomputedTextConditioning(embeddings, empty),
            _tiny.Data, LatentScaling.FromConfig(_tiny.Autoencoder),
            s_schedule, options);
        Assert.Equal(loss.item<float>(), Loss(precomputed).item<float>(), 1e-5);
    }

    [Fact]
    public void Latents_are_drawn_from_the_posterior_where_it_is_kept()
    {
        using IDisposable noGrad = no_grad();
        using var folder = new TemporaryFolder();
        using AutoencoderKL autoencoder = _tiny.Autoencoder.Build();
        Reference.FormulaWeights.Fill(autoencoder);
        using LatentCache data = LatentCache.Open(
            folder["latents"], "k", autoencoder, _tiny.Tokenizer, new TinyDenoiser.Stripes(6), 6,
            new LatentCacheOptions { Posterior = true, Type = ScalarType.Float32 });
        using var objective = new DenoiserObjective(
            new UNetDenoiser(_tiny.Network), _tiny.Text, _tiny.Tokenizer, _tiny.Autoencoder, data, s_schedule,
            new DenoiserTrainingOptions { BatchSize = 2, CaptionDropout = 0 });
        double actual = Loss(objective).item<float>();

        var random = new Generator(9);
        Tensor drawn = randn([2, 4, 8, 8], generator: random);
        rand(2, generator: random);
        Tensor timesteps = randint(0, 1000, [2], dtype: ScalarType.Int64, generator: random),
            noise = randn([2, 4, 8, 8], generator: random);
        Tensor rows = tensor(new BatchIndices(6, 2).IndicesFor(0)),
            pixels = ImageTensor.FromImages(
                [.. new BatchIndices(6, 2).IndicesFor(0).Select(i => new TinyDenoiser.Stripes(6).Read(i).Image)]);
        (Tensor mean, Tensor logVariance) = autoencoder.Encode(pixels);
        Tensor sample = (mean + (logVariance / 2).exp() * drawn - 0.2) * 0.7;
        Tensor text = _tiny.Text.call(data.Ids.index_select(0, rows)).LastHiddenState;
        Tensor output = _tiny.Network.call(new UNetInput(s_schedule.AddNoise(sample, noise, timesteps), timesteps, text));
        Assert.Equal((output - noise).square().mean().item<float>(), actual, 1e-5);
    }

    [Fact]
    public void Rows_have_the_names_they_are_given()
    {
        using var named = new DenoiserObjective(
            new UNetDenoiser(_tiny.Network), _tiny.Text, _tiny.Tokenizer, _tiny.Autoencoder, _tiny.Data, s_schedule,
            new DenoiserTrainingOptions { BatchSize = 6 }) { RowName = row => $"{row}.png" };
        Assert.Equal(["0.png", "1.png", "2.png", "3.png", "4.png", "5.png"], named.Items(0).Order());
        using DenoiserObjective plain = _tiny.Objective(new DenoiserTrainingOptions { BatchSize = 6 }, s_schedule);
        Assert.Equal(["0", "1", "2", "3", "4", "5"], plain.Items(0).Order());
    }

    [Fact]
    public void Options_that_contradict_each_other_are_refused()
    {
        Refused(new() { PredictionType = PredictionType.Flow }, s_schedule, "schedule");
        Refused(new() { PredictionType = PredictionType.Flow, Weighting = new MinSnrWeighting() }, null, "Weighting");
        Refused(new() { FlowTimeShift = 3 }, s_schedule, "FlowTimeShift");
        Refused(new(), null, "schedule");
        Refused(new() { LearnedVariance = true }, s_schedule, "expected 8");

        void Refused(DenoiserTrainingOptions options, NoiseSchedule? schedule, string named) =>
            Assert.Contains(
                named,
                Assert.Throws<ArgumentException>(() => _tiny.Objective(options, schedule)).Message,
                StringComparison.Ordinal);
    }

    private static Tensor Loss(DenoiserObjective objective)
    {
        using var generator = new Generator(9);
        return objective.Loss(new TrainingStep(0, generator));
    }
}
