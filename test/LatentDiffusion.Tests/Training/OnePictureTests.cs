using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training;

/// <summary>A denoiser that sees one picture learns it by heart, and sampling gives it back.</summary>
public sealed class OnePictureTests
{
    [Fact]
    public void The_loss_falls_below_one_percent_and_sampling_returns_the_picture()
    {
        using DisposeScope scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var tiny = new TinyDenoiser(pictures: 1);
        manual_seed(3);
        using UNet2DConditionModel network = new UNet2DConditionConfig
        {
            SampleSize = 8, BlockOutChannels = [32, 32], NormNumGroups = 8, LayersPerBlock = 1, CrossAttentionDim = 8, AttentionHeadDim = 2,
            DownBlockTypes = ["DownBlock2D", "DownBlock2D"], UpBlockTypes = ["UpBlock2D", "UpBlock2D"], MidBlockType = "UNetMidBlock2D",
        }.Build();
        (double mean, double deviation) = tiny.Data.Statistics();
        var scaling = new LatentScaling(mean, 1 / deviation);
        SchedulerConfig config = SchedulerConfig.Parse("""
            { "_class_name": "DDIMScheduler", "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "prediction_type": "sample", "clip_sample": false }
            """);
        var options = new DenoiserTrainingOptions { BatchSize = 4, PredictionType = PredictionType.Sample, TrainTextEncoder = false, CaptionDropout = 0 };
        using var text = new ClipTextConditioning(tiny.Text, tiny.Tokenizer, tiny.Data.Ids, train: false);
        using var objective = new DenoiserObjective(network, text, tiny.Data, scaling, config.ToNoiseSchedule(), options);
        double first = 0, smoothed = 0;
        var training = new TrainingOptions { Steps = 400, CheckpointEvery = 400, EmaDecay = 0.98, Optimizer = new OptimizerOptions { LearningRate = 3e-3, WarmupSteps = 20, WeightDecay = 0, FinalLearningRate = 0 } };
        Assert.True(new Trainer(training).Run(objective, folder["run"], new Report(p => { if (p.Step == 1) first = p.Loss; smoothed = p.SmoothedLoss; })));
        Assert.True(smoothed < 0.01 * first, $"the loss went from {first} to {smoothed}");

        using IDisposable noGrad = no_grad();
        Tensor picture = (tiny.Data.Latents.to(ScalarType.Float32) - mean) / deviation;
        Tensor hidden = tiny.Text.call(tiny.Data.Ids).LastHiddenState;
        using ISchedulerRun run = NoiseScheduler.FromConfig(config).Start(new SamplingOptions { Steps = 20 });
        Tensor x = randn([1, 4, 8, 8], generator: new Generator(5)) * run.InitialNoiseSigma;
        while (!run.IsCompleted) x = run.Step(network.call(new UNetInput(run.ScaleModelInput(x), tensor([run.Timestep]), hidden)), x);
        double range = (picture.max() - picture.min()).item<float>(), error = (x - picture).square().mean().item<float>();
        double psnr = 10 * Math.Log10(range * range / error);
        Assert.True(psnr > 25, $"the sample is {psnr} dB from the picture");
    }

    private sealed class Report(Action<TrainingProgress> action) : IProgress<TrainingProgress>
    {
        void IProgress<TrainingProgress>.Report(TrainingProgress value) => action(value);
    }
}
