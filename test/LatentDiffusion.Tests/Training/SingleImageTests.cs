using LatentDiffusion.Tests.Pipelines;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training;

/// <summary>
/// An autoencoder and a denoiser that see one image learn it by heart, and a pipeline of them gives it back. Networks begin from the
/// global generator.
/// </summary>
[Collection(LiveTensors.Collection)]
public sealed class SingleImageTests : IDisposable
{
    private const int Size = 32;

    private readonly TemporaryFolder _folder = new();
    private readonly int _threads = get_num_threads();

    // Tensors this small are computed fastest by one thread, which waits for no other on a busy machine.
    public SingleImageTests() => set_num_threads(1);

    public void Dispose()
    {
        set_num_threads(_threads);
        _folder.Dispose();
    }

    [Fact]
    public void The_loss_falls_and_a_pipeline_draws_the_image()
    {
        using var tiny = new TinyDenoiser(images: 1);
        var images = new Sunset();
        ImageBuffer image = images.Read(0).Image;
        manual_seed(3);
        using AutoencoderKL learned = Learn(images);
        using LatentCache data = LatentCache.Open(_folder["latents.safetensors"], "sunset", learned, tiny.Tokenizer, images, 1);
        (double mean, double deviation) = data.Statistics();
        var scaling = new LatentScaling(mean, 1 / deviation);
        using AutoencoderKL scaled = (learned.Config with { ShiftFactor = scaling.Shift, ScalingFactor = scaling.Scale }).Build();
        scaled.load_state_dict(learned.state_dict());
        scaled.eval();

        using UNet2DConditionModel network = new UNet2DConditionConfig
        {
            SampleSize = 8, BlockOutChannels = [32, 64], NormNumGroups = 8, LayersPerBlock = 1, CrossAttentionDim = 8, AttentionHeadDim = 4,
            DownBlockTypes = ["DownBlock2D", "CrossAttnDownBlock2D"], UpBlockTypes = ["CrossAttnUpBlock2D", "UpBlock2D"],
        }.Build();
        SchedulerConfig config = SchedulerConfig.Parse("""
            { "_class_name": "DDIMScheduler", "beta_start": 0.00085, "beta_end": 0.012,
                "beta_schedule": "scaled_linear", "prediction_type": "v_prediction",
              "timestep_spacing": "trailing", "clip_sample": false }
            """);
        var options = new DenoiserTrainingOptions
        {
            BatchSize = 16, PredictionType = PredictionType.Velocity, TrainTextEncoder = false, CaptionDropout = 0
        };
        using var text = new ClipTextConditioning(tiny.Text, tiny.Tokenizer, data.Ids, train: false);
        using var objective = new DenoiserObjective(new UNetDenoiser(network), text, data, scaling, config.ToNoiseSchedule(), options);
        double first = 0, smoothed = 0;
        var training = new TrainingOptions
        {
            Steps = 500, CheckpointEvery = 500, EmaDecay = 0.98,
            Optimizer = new OptimizerOptions { LearningRate = 6e-3, WarmupSteps = 20, WeightDecay = 0, FinalLearningRate = 0 },
        };
        Assert.True(new Trainer(training).Run(
            objective,
            _folder["run"],
            new Report(p => { if (p.Step == 1) first = p.Loss; smoothed = p.SmoothedLoss; })));
        Assert.True(smoothed < 0.01 * first, $"the loss went from {first} to {smoothed}");

        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
            .UseDenoiser(new UNetDenoiser(network))
            .UseTextEncoder(new ClipTextEncoder(tiny.Text, tiny.Tokenizer))
            .UseAutoencoder(new LatentAutoencoder(scaled))
            .UseScheduler(NoiseScheduler.FromConfig(config)).Build();
        ImageBuffer drawn = pipeline.Generate(new GenerationRequest
        {
            Prompt = Sunset.Caption, Seed = 5, Steps = 20, GuidanceScale = 1, Width = Size, Height = Size,
        }).Images[0].Image;
        double psnr = PeakSignalToNoise(image, drawn);
        Assert.True(psnr > 25, $"the generated image is {psnr} dB from the one learned");
    }

    private AutoencoderKL Learn(ICaptionedImageSource images)
    {
        AutoencoderKL network = new AutoencoderKLConfig
        {
            BlockOutChannels = [16, 16, 16], NormNumGroups = 4, LayersPerBlock = 1,
            DownBlockTypes = ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D"],
            UpBlockTypes = ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D"],
        }.Build();
        var options = new TrainingOptions
        {
            Steps = 150, CheckpointEvery = 150, EmaDecay = 0.9,
            Optimizer = new OptimizerOptions { LearningRate = 6e-3, WarmupSteps = 20, WeightDecay = 0, FinalLearningRate = 0 },
        };
        Assert.True(new Trainer(options).Run(
            new AutoencoderObjective(network, images, new AutoencoderTrainingOptions { BatchSize = 2, KlWeight = 1e-4 }),
            _folder["autoencoder"]));
        return network;
    }

    /// <summary>Of 8-bit pixels, in decibels.</summary>
    private static double PeakSignalToNoise(ImageBuffer a, ImageBuffer b)
    {
        Assert.Equal((a.Width, a.Height), (b.Width, b.Height));
        double error = a.Rgb.ToArray().Zip(b.Rgb.ToArray(), (x, y) => (double)(x - y) * (x - y)).Average();
        return 10 * Math.Log10(255 * 255 / error);
    }

    /// <summary>A disc before a sky whose colours go over into each other, above a dark ground.</summary>
    private sealed class Sunset : ICaptionedImageSource
    {
        public const string Caption = "a star";

        public long? Count => 1;

        public CaptionedImage Read(long index)
        {
            byte[] rgb = new byte[Size * Size * 3];
            for (int y = 0; y < Size; y++)
            {
                for (int x = 0; x < Size; x++)
                {
                    bool disc = (x - 20) * (x - 20) + (y - 12) * (y - 12) < 36, ground = y > 24;
                    (int r, int g, int b) = disc ? (250, 210, 60) : ground ? (40, 60, 30 + x) : (90 + 5 * y, 60 + 2 * y + x, 190 - 4 * y);
                    (rgb[3 * (y * Size + x)], rgb[3 * (y * Size + x) + 1], rgb[3 * (y * Size + x) + 2]) = ((byte)r, (byte)g, (byte)b);
                }
            }

            return new CaptionedImage(new ImageBuffer(Size, Size, rgb), Caption, "sunset");
        }
    }

    private sealed class Report(Action<TrainingProgress> action) : IProgress<TrainingProgress>
    {
        void IProgress<TrainingProgress>.Report(TrainingProgress value) => action(value);
    }
}
