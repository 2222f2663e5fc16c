using LatentDiffusion.Tests.Diagnostics;
using Microsoft.Extensions.Logging;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>
/// NaN and infinity end a generation in an exception that names where they came from, unless an option asks for the image.
/// </summary>
[Collection(LiveTensors.Collection)]
public sealed class NonFiniteValuesTests(TinyModel model) : IClassFixture<TinyModel>
{
    private static readonly GenerationRequest s_request = new()
    {
        Prompt = "a blue bird",
        Seed = 1,
        Steps = 4,
        GuidanceScale = 1,
        Width = 16,
        Height = 16,
    };

    public static TheoryData<string> Ways => new(EveryWay.Names);

    [Theory, MemberData(nameof(Ways))]
    public async Task A_prediction_that_is_not_finite_names_its_step(string way)
    {
        using DiffusionPipeline pipeline = model.Builder().UseDenoiser(new Failing(3, double.NaN)).Build();
        long before = LiveTensors.Settled();
        NonFiniteValuesException failure = await Assert.ThrowsAsync<NonFiniteValuesException>(() =>
            EveryWay.AskAsync(way, pipeline, s_request));
        Assert.Equal(3, failure.Step);
        Assert.Contains("step 3 of 4", failure.Message, StringComparison.Ordinal);
        Assert.Contains("the denoiser's prediction", failure.Message, StringComparison.Ordinal);
        Assert.Contains("LoRA scale", failure.Message, StringComparison.Ordinal);
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task A_decoder_that_overflows_is_named(string way)
    {
        using DiffusionPipeline pipeline = model.Builder().UseAutoencoder(new Overflowing(encoder: false, decoder: true)).Build();
        NonFiniteValuesException failure = await Assert.ThrowsAsync<NonFiniteValuesException>(() =>
            EveryWay.AskAsync(way, pipeline, s_request));
        Assert.Null(failure.Step);
        Assert.Contains("decoder", failure.Message, StringComparison.Ordinal);
        Assert.Contains("float32", failure.Message, StringComparison.Ordinal);
    }

    [Theory, InlineData(double.NaN), InlineData(double.PositiveInfinity), InlineData(double.NegativeInfinity)]
    public void The_option_returns_the_image_with_one_warning(double value)
    {
        var log = new LogRecorder();
        using DiffusionPipeline pipeline = model.Builder()
            .UseDenoiser(new Failing(2, value))
            .UseLoggerFactory(log)
            .Configure(o => o.AllowNonFiniteValues = true)
            .Build();
        Assert.Single(pipeline.Generate(s_request).Images);
        string warning = Assert.Single(log.Lines, l => l.Level == LogLevel.Warning).Text;
        Assert.Contains("step 2 of 4", warning, StringComparison.Ordinal);
    }

    [Fact]
    public void An_infinite_prediction_is_found_in_a_batch()
    {
        // Evaluations count batches: of the second batch the first step.
        using DiffusionPipeline pipeline = model.Builder()
            .UseDenoiser(new Failing(5, double.PositiveInfinity))
            .Configure(o => o.BatchSize = 2)
            .Build();
        Assert.Equal(1, Assert.Throws<NonFiniteValuesException>(() => pipeline.Generate(s_request with { ImageCount = 4 })).Step);
    }

    [Fact]
    public void The_second_pass_is_named()
    {
        using DiffusionPipeline pipeline = model.Builder().UseDenoiser(new Failing(6, double.NaN)).Build();
        NonFiniteValuesException failure = Assert.Throws<NonFiniteValuesException>(
            () => pipeline.Generate(s_request with { Upscale = new LatentUpscaling { Width = 32, Height = 24, Strength = 0.5 } }));
        Assert.Contains("second pass", failure.Message, StringComparison.Ordinal);
    }

    [Theory, InlineData(false), InlineData(true)]
    public void An_encoder_that_overflows_is_named(bool masked)
    {
        using DiffusionPipeline pipeline = model.Builder().UseAutoencoder(new Overflowing(encoder: true, decoder: false)).Build();
        GenerationRequest request = s_request with
        {
            InitialImage = TaskImages.Image,
            Mask = masked ? TaskImages.Mask : null,
            Strength = 0.5,
        };
        NonFiniteValuesException failure = Assert.Throws<NonFiniteValuesException>(() => pipeline.Generate(request));
        Assert.Null(failure.Step);
        Assert.Contains("InitialImage", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Text_that_is_not_finite_is_named()
    {
        using DiffusionPipeline pipeline = model.Builder().Build();
        using Conditioning text = pipeline.Encode(["a blue bird"]), broken = text.Map(t => full_like(t, double.NaN));
        NonFiniteValuesException failure = Assert.Throws<NonFiniteValuesException>(() =>
            pipeline.Generate(s_request with { Prompt = "", PromptEmbeds = broken }));
        Assert.Equal(1, failure.Step);
        Assert.Contains("text conditioning", failure.Message, StringComparison.Ordinal);
    }

    /// <summary>Predicts zeros, and at one evaluation one value that is not finite.</summary>
    private sealed class Failing(int at, double value) : IDenoiser
    {
        private int _evaluations;

        public DenoiserDescription Description { get; } = new() { LatentChannels = 4 };

        public Tensor Predict(DenoiserInput input)
        {
            Tensor prediction = zeros_like(input.Latents);
            if (++_evaluations != at) return prediction;
            using Tensor one = prediction.flatten().narrow(0, 7, 1);
            using TorchSharp.Scalar held = TorchSharp.ScalarExtensionMethods.ToScalar(value);
            one.fill_(held);
            return prediction;
        }
    }

    private sealed class Overflowing(bool encoder, bool decoder) : IAutoencoder
    {
        public int LatentChannels => 4;

        public int DownsamplingFactor => 2;

        public LatentDistribution Encode(Tensor images, CancellationToken cancellationToken = default)
        {
            Tensor mean = zeros(images.shape[0], 4, images.shape[2] / 2, images.shape[3] / 2);
            return new LatentDistribution(encoder ? full_like(mean, double.PositiveInfinity) : mean);
        }

        public Tensor Decode(Tensor latents, CancellationToken cancellationToken = default) =>
            full([latents.shape[0], 3, latents.shape[2] * 2, latents.shape[3] * 2], decoder ? float.NegativeInfinity : 0f);
    }
}
