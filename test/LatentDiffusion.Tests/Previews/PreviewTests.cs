using LatentDiffusion.Models.Drawings;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Previews;

public sealed class PreviewTests
{
    [Theory]
    [InlineData("EulerDiscreteScheduler", "epsilon")]
    [InlineData("EulerDiscreteScheduler", "v_prediction")]
    [InlineData("DDIMScheduler", "epsilon")]
    [InlineData("DDIMScheduler", "v_prediction")]
    [InlineData("DDIMScheduler", "sample")]
    [InlineData("DPMSolverMultistepScheduler", "v_prediction")]
    [InlineData("FlowMatchEulerDiscreteScheduler", null)]
    public void The_estimate_is_the_clean_sample_where_the_model_knows_it(string className, string? prediction)
    {
        using DisposeScope scope = NewDisposeScope();
        SchedulerConfig config = SchedulerConfig.Parse($$"""{ "_class_name": "{{className}}" }""");
        if (prediction is not null) config = config.With("prediction_type", prediction).With("beta_schedule", "scaled_linear");
        NoiseScheduler scheduler = NoiseScheduler.FromConfig(config);
        Tensor clean = randn(1, 4, 3, 3, generator: new Generator(1)), noise = randn(1, 4, 3, 3, generator: new Generator(2));
        using ISchedulerRun run = scheduler.Start(new SamplingOptions { Steps = 6 }, new GeneratorNoise(3));
        while (!run.IsCompleted)
        {
            Tensor x = run.AddNoise(clean, noise), output = scheduler.PredictionType switch
            {
                PredictionType.Epsilon => noise,
                PredictionType.Sample => clean,
                PredictionType.Flow => noise - clean,
                _ => Velocity(config, run.Timestep, clean, noise),
            };
            Tensor estimate = DenoisedEstimate.Compute(scheduler, run, x, output);
            Assert.InRange((estimate - clean).abs().max().item<float>(), 0, 2e-4f);
            _ = run.Step(output, x);
        }

        static Tensor Velocity(SchedulerConfig config, double timestep, Tensor clean, Tensor noise)
        {
            // Euler's timesteps lie between those of the table; these ones do not.
            double[] alphaBars = [.. config.ToNoiseSchedule().AlphasCumprod];
            int below = (int)timestep;
            double alphaBar = below == timestep
                ? alphaBars[below]
                : 1 / (1 + Math.Pow(
                    Sigma(alphaBars[below])
                    + (timestep - below) * (Sigma(alphaBars[below + 1]) - Sigma(alphaBars[below])),
                    2));
            return Math.Sqrt(alphaBar) * noise - Math.Sqrt(1 - alphaBar) * clean;
        }

        static double Sigma(double alphaBar) => Math.Sqrt((1 - alphaBar) / alphaBar);
    }

    [Theory]
    [InlineData("EulerDiscreteScheduler")]
    [InlineData("HeunDiscreteScheduler")]
    [InlineData("KDPM2DiscreteScheduler")]
    [InlineData("KDPM2AncestralDiscreteScheduler")]
    public void The_estimate_is_of_the_sample_within_a_step_too(string className)
    {
        using DisposeScope scope = NewDisposeScope();
        SchedulerConfig config = SchedulerConfig.Parse($$"""{ "_class_name": "{{className}}", "beta_schedule": "scaled_linear" }""");
        NoiseScheduler scheduler = NoiseScheduler.FromConfig(config);
        DiffusionProcess space = DiffusionProcess.FromConfig(config);
        Tensor clean = randn(1, 4, 3, 3, generator: new Generator(1));
        using ISchedulerRun run = scheduler.Start(new SamplingOptions { Steps = 6 }, new GeneratorNoise(3));
        Tensor x = clean + randn(1, 4, 3, 3, generator: new Generator(2)) * run.InitialNoiseSigma;
        while (!run.IsCompleted)
        {
            // The noise level follows from the model's input: the timestep.
            Tensor output = (x - clean) / space.SigmaAt(run.Timestep);
            Assert.InRange((DenoisedEstimate.Compute(scheduler, run, x, output) - clean).abs().max().item<float>(), 0, 5e-3f);
            x = run.Step(output, x);
        }
    }

    [Fact]
    public void A_linear_autoencoder_is_fitted_exactly()
    {
        using DisposeScope scope = NewDisposeScope();
        LinearPreview preview = LinearPreview.Fit(new LinearAutoencoder());
        Tensor image = rand(2, 3, 8, 12, generator: new Generator(5)) * 2 - 1;
        Tensor seen = preview.Decode(new LinearAutoencoder().Encode(image).Mean);
        Assert.InRange((seen - nn.functional.avg_pool2d(image, 2)).abs().max().item<float>(), 0, 1e-3f);
    }

    [Fact]
    public void Previews_of_the_shipped_model_resemble_the_drawings()
    {
        using DiffusionModel model = DiffusionModel.Open(Path.Combine(AppContext.BaseDirectory, "models", "drawings"), CPU);
        using DisposeScope scope = NewDisposeScope();
        ILatentPreview preview = LinearPreview.For(model.Autoencoder, CPU);
        double error = 0, spread = 0;
        for (int i = 0; i < 4; i++)
        {
            Drawing drawing = new DrawingSource(1).Draw(i);
            Tensor image = ImageTensor.FromImage(new ImageBuffer(drawing.Size, drawing.Size, drawing.Rgb.Span));
            Tensor small = nn.functional.avg_pool2d(image, model.Autoencoder.DownsamplingFactor);
            Tensor seen = preview.Decode(model.Autoencoder.Encode(image).Mean).clamp(-1, 1);
            error += (seen - small).square().mean().item<float>();
            spread += (small - small.mean()).square().mean().item<float>();
        }

        // More than half of the variance; fitted to drawings themselves, which it does not know, a linear map leaves 0.27.
        Assert.InRange(error / spread, 0, 0.5);
    }

    [Fact]
    public void Latents_of_published_autoencoders_take_the_published_factors()
    {
        foreach ((double scale, LinearPreview expected) in new[]
        {
            (0.18215, LinearPreview.StableDiffusion),
            (0.13025, LinearPreview.StableDiffusionXL)
        })
        {
            var config = new AutoencoderKLConfig
            {
                BlockOutChannels = [128, 256, 512, 512], ScalingFactor = scale, LayersPerBlock = 2,
                DownBlockTypes = ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D"],
                UpBlockTypes = ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D"],
            };
            using var autoencoder = new LatentAutoencoder(config.BuildUninitialized(META));
            Assert.Same(expected, LinearPreview.For(autoencoder, CPU));
        }

        // The first channel is mostly brightness: see the table at its source.
        using DisposeScope scope = NewDisposeScope();
        Tensor unit = zeros(1, 4, 1, 1);
        unit[0, 0] = 1;
        Assert.Equal([0.298f, 0.207f, 0.208f], LinearPreview.StableDiffusion.Decode(unit).data<float>().ToArray());
        var e = Assert.Throws<ArgumentException>(() => LinearPreview.StableDiffusion.Decode(zeros(1, 16, 2, 2)));
        Assert.Contains("[batch, 4, height, width]", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tiny_autoencoder_gives_previews_of_full_size()
    {
        using DisposeScope scope = NewDisposeScope();
        var config = new AutoencoderTinyConfig
        {
            EncoderBlockOutChannels = [8, 8], DecoderBlockOutChannels = [8, 8],
            NumEncoderBlocks = [1, 1], NumDecoderBlocks = [1, 1], ScalingFactor = 2
        };
        AutoencoderTiny network = config.Build();
        Reference.FormulaWeights.Fill(network);
        using var preview = new TinyAutoencoderPreview(network);
        Tensor latents = randn(2, 4, 8, 8, generator: new Generator(1)), seen = preview.Decode(latents);
        Assert.Equal([2, 3, 16, 16], seen.shape);
        using IDisposable noGrad = no_grad();
        Assert.InRange((seen - network.Decode(latents / 2)).abs().max().item<float>(), 0, 1e-6f);
    }

    private sealed class LinearAutoencoder : IAutoencoder
    {
        private static readonly double[,] s_map = { { 1, 0.5, -0.2 }, { 0.3, -1, 0.1 }, { -0.4, 0.2, 2 }, { 0.7, 0.7, 0.7 } };

        public int LatentChannels => 4;

        public int DownsamplingFactor => 2;

        public LatentDistribution Encode(Tensor images, CancellationToken cancellationToken = default) => new(
            nn.functional.avg_pool2d(images, 2)
                .permute(0, 2, 3, 1)
                .matmul(tensor(s_map).to(ScalarType.Float32).t())
                .add(0.25)
                .permute(0, 3, 1, 2));

        public Tensor Decode(Tensor latents, CancellationToken cancellationToken = default) => throw new NotSupportedException();
    }
}
