using System.Globalization;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>
/// How each part of a pipeline is replaced by one of your own: with the builder, or by registering it in the container that
/// <c>AddLatentDiffusion</c> is called on. The other parts stay the model's. Read from top to bottom, this is a page of
/// documentation; <c>docs/custom-components.md</c> is its introduction.
/// </summary>
public sealed class CustomComponentTests(TinyModel model) : IClassFixture<TinyModel>
{
    private static readonly GenerationRequest s_request = new() { Prompt = "a blue bird", Seed = 1, Steps = 4 };

    // Arithmetic with numbers and sums go through TensorArithmetic: TorchSharp's own operators may free a number while it is read.

    // A scheduler is a sampling algorithm. It is immutable: Plan chooses the timesteps at which the network is evaluated, and
    // what one generation changes lives in the run that Start returns. The run begins at the plan's BeginIndex: an image that is
    // changed enters at the noise level of that evaluation.

    /// <summary>Takes the same share of the noise away in every step.</summary>
    private sealed class EvenScheduler : INoiseScheduler
    {
        public PredictionType PredictionType => PredictionType.Epsilon;

        public int TrainingTimesteps => 1000;

        public SamplingPlan Plan(SamplingOptions options, LatentShape shape)
        {
            double[] shares = [.. Enumerable.Range(0, options.Steps + 1).Select(i => 1 - (double)i / options.Steps)];
            return new SamplingPlan(options, timesteps: shares[..^1].Select(share => 999 * share), sigmas: shares);
        }

        public ISchedulerRun Start(SamplingPlan plan, INoiseSource? noise) => new Run(plan);

        private sealed class Run(SamplingPlan plan) : ISchedulerRun
        {
            public SamplingPlan Plan => plan;

            public int StepIndex { get; private set; } = plan.BeginIndex;

            public Tensor AddNoise(Tensor sample, Tensor noise) => sample.Add(noise, plan.Sigmas[StepIndex]);

            public Tensor Step(Tensor modelOutput, Tensor sample)
            {
                StepIndex++;
                return sample.Add(modelOutput, -1.0 / plan.Timesteps.Count);
            }

            public void Dispose()
            {
            }
        }
    }

    [Fact]
    public void A_scheduler_of_your_own()
    {
        using DiffusionPipeline pipeline = model.Builder().UseScheduler(new EvenScheduler()).Build();

        var services = new ServiceCollection();
        services.AddSingleton<INoiseScheduler, EvenScheduler>();
        services.AddLatentDiffusion().UseModelFolder(model.Folder);
        using ServiceProvider provider = services.BuildServiceProvider();

        AssertReplaced(pipeline, provider);
        Assert.Equal("EvenScheduler", pipeline.Generate(s_request).Images[0].Metadata["scheduler"]);

        // An image that starts with half of the noise is another than one that starts with all of it.
        GenerationRequest changed = s_request with { InitialImage = pipeline.Generate(s_request).Images[0].Image, Strength = 0.5 };
        int evaluations = 0;
        byte[] half = pipeline.Generate(changed, new Counter(() => evaluations++)).Images[0].Image.Rgb.ToArray();
        Assert.Equal(2, evaluations);
        Assert.NotEqual(half, pipeline.Generate(changed with { Strength = 1 }).Images[0].Image.Rgb.ToArray());
    }

    private sealed class Counter(Action count) : IProgress<GenerationProgress>
    {
        public void Report(GenerationProgress value) => count();
    }

    // A denoiser is the network: noisy latents, timesteps and the text's conditioning to a prediction. Its description says what
    // it reads beyond that. One that wraps the model's and passes the input on supports what the model's does.

    /// <summary>The model's prediction without the mean of each channel.</summary>
    private sealed class CentredDenoiser(IDenoiser inner) : IDenoiser
    {
        public DenoiserDescription Description => inner.Description;

        public Tensor Predict(DenoiserInput input)
        {
            using Tensor prediction = inner.Predict(input), mean = prediction.mean([2, 3], keepdim: true);
            return prediction - mean;
        }
    }

    [Fact]
    public void A_denoiser_of_your_own()
    {
        using DiffusionPipeline pipeline = model.Builder().UseDenoiser(trained => new CentredDenoiser(trained.Denoiser)).Build();

        var services = new ServiceCollection();
        services.AddSingleton(_ => DiffusionModel.Open(model.Folder));
        services.AddSingleton<IDenoiser>(p => new CentredDenoiser(p.GetRequiredService<DiffusionModel>().Denoiser));
        services.AddLatentDiffusion().UseModel(p => p.GetRequiredService<DiffusionModel>());
        using ServiceProvider provider = services.BuildServiceProvider();

        AssertReplaced(pipeline, provider);
    }

    // A text encoder gives one vector a token. Its tokenizer is inside, so that it reads prompts as it likes.

    /// <summary>A vector for each letter, whatever the word.</summary>
    private sealed class SpellingEncoder : ITextEncoder
    {
        private const int Width = 16;

        public int MaxLength => 16;

        public Conditioning Encode(IReadOnlyList<string> prompts, CancellationToken cancellationToken = default)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor letters = tensor(
                [.. prompts.SelectMany(p => p.PadRight(MaxLength)[..MaxLength]).Select(c => (float)c)],
                [prompts.Count, MaxLength, 1]);
            Tensor frequencies = TensorArithmetic.Range(Width, ScalarType.Float32, CPU).Add(1).view(1, 1, Width);
            return new Conditioning((letters * frequencies).sin().MoveToOuterDisposeScope());
        }
    }

    [Fact]
    public void A_text_encoder_of_your_own()
    {
        using DiffusionPipeline pipeline = model.Builder().UseTextEncoder(new SpellingEncoder()).Build();

        var services = new ServiceCollection();
        services.AddSingleton<ITextEncoder, SpellingEncoder>();
        services.AddLatentDiffusion().UseModelFolder(model.Folder);
        using ServiceProvider provider = services.BuildServiceProvider();

        AssertReplaced(pipeline, provider);
    }

    // An autoencoder goes between pixels and latents, both in about [−1, 1] or of variance 1, and owns its scaling. How many
    // channels its latents have, and how much smaller they are than images, the pipeline asks it.

    /// <summary>The first three channels of the latents are the colours of two by two pixels.</summary>
    private sealed class BlockAutoencoder : IAutoencoder
    {
        public int LatentChannels => 4;

        public int DownsamplingFactor => 2;

        public LatentDistribution Encode(Tensor images, CancellationToken cancellationToken = default)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor small = nn.functional.avg_pool2d(images, 2), gray = small.mean([1], keepdim: true);
            return new LatentDistribution(cat([small, gray], 1).MoveToOuterDisposeScope());
        }

        public Tensor Decode(Tensor latents, CancellationToken cancellationToken = default)
        {
            using Tensor colours = latents.narrow(1, 0, 3);
            return nn.functional.interpolate(colours, scale_factor: [2, 2]);
        }
    }

    [Fact]
    public void An_autoencoder_of_your_own()
    {
        using DiffusionPipeline pipeline = model.Builder().UseAutoencoder(new BlockAutoencoder()).Build();

        var services = new ServiceCollection();
        services.AddSingleton<IAutoencoder, BlockAutoencoder>();
        services.AddLatentDiffusion().UseModelFolder(model.Folder);
        using ServiceProvider provider = services.BuildServiceProvider();

        AssertReplaced(pipeline, provider);
        ImageBuffer image = pipeline.Generate(s_request).Images[0].Image;
        Assert.Equal(image.Rgb[..3].ToArray(), image.Rgb[3..6].ToArray());
    }

    // Guidance evaluates the denoiser as often as it likes, with the prompt's conditioning and with that of the negative prompt,
    // which it receives if it says that it needs it. Whatever else an evaluation reads is in the input, and stays there.

    /// <summary>As much of the way from the negative prompt to the prompt as the timestep is far from clean.</summary>
    private sealed class FadingGuidance : IGuidance
    {
        public bool NeedsUnconditional => true;

        public GuidedDenoiser Guide(IDenoiser denoiser, Conditioning? unconditional, double scale) => input =>
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor with = denoiser.Predict(input), without = denoiser.Predict(input with { Conditioning = unconditional! });
            return new GuidedPrediction(with.Add(with - without, (scale - 1) * input.Timestep / 1000).MoveToOuterDisposeScope());
        };
    }

    [Fact]
    public void Guidance_of_your_own()
    {
        using DiffusionPipeline pipeline = model.Builder().UseGuidance(new FadingGuidance()).Build();

        var services = new ServiceCollection();
        services.AddSingleton<IGuidance, FadingGuidance>();
        services.AddLatentDiffusion().UseModelFolder(model.Folder);
        using ServiceProvider provider = services.BuildServiceProvider();

        AssertReplaced(pipeline, provider);
    }

    // A codec writes files and reads them. PNG is what it has to write; MediaTypes and Encode tell of more where it can.

    /// <summary>Portable pixmaps, which any program can write.</summary>
    private sealed class PixmapCodec : IImageCodec
    {
        public byte[] EncodePng(ImageBuffer image, IReadOnlyDictionary<string, string>? metadata = null) =>
            [.. Encoding.ASCII.GetBytes($"P6 {image.Width} {image.Height} 255\n"), .. image.Rgb];

        public ImageBuffer Decode(ReadOnlySpan<byte> file)
        {
            string[] header = Encoding.ASCII.GetString(file[..file.IndexOf((byte)'\n')]).Split(' ');
            return new ImageBuffer(
                int.Parse(header[1], CultureInfo.InvariantCulture),
                int.Parse(header[2], CultureInfo.InvariantCulture),
                file[(file.IndexOf((byte)'\n') + 1)..].ToArray());
        }
    }

    [Fact]
    public void A_codec_of_your_own()
    {
        using DiffusionPipeline pipeline = model.Builder().UseImageCodec(new PixmapCodec()).Build();

        var services = new ServiceCollection();
        services.AddSingleton<IImageCodec, PixmapCodec>();
        services.AddLatentDiffusion().UseModelFolder(model.Folder);
        using ServiceProvider provider = services.BuildServiceProvider();

        GeneratedImage image = pipeline.Generate(s_request).Images[0];
        Assert.StartsWith("P6 16 16 255\n", Encoding.ASCII.GetString(image.ToPng()), StringComparison.Ordinal);
        Assert.Equal(image.ToPng(), provider.GetRequiredService<DiffusionPipeline>().Generate(s_request).Images[0].ToPng());
        Assert.Equal(image.Image.Rgb.ToArray(), new PixmapCodec().Decode(image.ToPng()).Rgb.ToArray());
    }

    // All of them together need no model at all.

    /// <summary>Half of the latents is noise.</summary>
    private sealed class HalfDenoiser : IDenoiser
    {
        public DenoiserDescription Description { get; } = new() { LatentChannels = 4 };

        public Tensor Predict(DenoiserInput input) => input.Latents.Multiply(0.5);
    }

    [Fact]
    public void Nothing_but_parts_of_your_own()
    {
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
            .UseScheduler(new EvenScheduler())
            .UseDenoiser(new HalfDenoiser())
            .UseTextEncoder(new SpellingEncoder())
            .UseAutoencoder(new BlockAutoencoder())
            .UseGuidance(new FadingGuidance())
            .UseImageCodec(new PixmapCodec())
            .Build();

        var services = new ServiceCollection();
        services.AddSingleton<INoiseScheduler, EvenScheduler>();
        services.AddSingleton<IDenoiser, HalfDenoiser>();
        services.AddSingleton<ITextEncoder, SpellingEncoder>();
        services.AddSingleton<IAutoencoder, BlockAutoencoder>();
        services.AddSingleton<IGuidance, FadingGuidance>();
        services.AddSingleton<IImageCodec, PixmapCodec>();
        services.AddLatentDiffusion();
        using ServiceProvider provider = services.BuildServiceProvider();

        GenerationRequest request = s_request with { Width = 32, Height = 16, Steps = 2 };
        ImageBuffer image = pipeline.Generate(request).Images[0].Image;
        Assert.Equal(
            image.Rgb.ToArray(),
            provider.GetRequiredService<DiffusionPipeline>().Generate(request).Images[0].Image.Rgb.ToArray());

        // Two steps of which each takes a quarter away leave nine sixteenths of the noise, of which a pixel shows the first channel.
        using var generator = new Generator(1);
        using Tensor noise = randn([1, 4, 8, 16], generator: generator);
        Assert.Equal(Math.Clamp(Math.Round(127.5 * (0.5625 * noise[0, 0, 0, 0].item<float>() + 1)), 0, 255), image.Rgb[0], 1.0);
    }

    /// <summary>Both give the same image, which is not the model's own.</summary>
    private void AssertReplaced(DiffusionPipeline built, IServiceProvider provider)
    {
        using DiffusionPipeline plain = model.Builder().Build();
        byte[] usual = Pixels(plain), own = Pixels(built), registered = Pixels(provider.GetRequiredService<DiffusionPipeline>());
        Assert.NotEqual(usual, own);
        Assert.Equal(own, registered);

        static byte[] Pixels(DiffusionPipeline pipeline) => pipeline.Generate(s_request).Images[0].Image.Rgb.ToArray();
    }
}
