using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

public sealed class DiffusionPipelineBuilderTests(TinyModel model) : IClassFixture<TinyModel>
{
    private static readonly GenerationRequest s_request = new() { Prompt = "a star", Seed = 1, Steps = 2 };

    [Fact]
    public void Every_part_can_be_the_users_own()
    {
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
            .UseTextEncoder(new LengthEncoder())
            .UseDenoiser(new ShrinkingDenoiser())
            .UseAutoencoder(new GrayAutoencoder())
            .UseScheduler(new SubtractingScheduler())
            .UseGuidance(new NoGuidance())
            .UseImageCodec(new SkiaImageCodec())
            .Build();

        GenerationResult result = pipeline.Generate(s_request with { Width = 16, Height = 8 });
        Assert.Equal((16, 8), (result.Images[0].Image.Width, result.Images[0].Image.Height));
    }

    [Fact]
    public void Parts_registered_in_the_container_replace_the_models()
    {
        using DiffusionPipeline plain = model.Builder().Build();
        byte[] usual = plain.Generate(s_request).Images[0].Image.Rgb.ToArray();

        var services = new ServiceCollection();
        services.AddLatentDiffusion().UseModelFolder(model.Folder);
        services.AddSingleton<INoiseScheduler, SubtractingScheduler>();
        services.Configure<DiffusionPipelineOptions>(o => o.Steps = 3);
        using ServiceProvider provider = services.BuildServiceProvider();
        GenerationResult result = provider.GetRequiredService<DiffusionPipeline>().Generate(s_request with { Steps = null });
        Assert.Equal(3, result.Request.Steps);
        Assert.NotEqual(usual, result.Images[0].Image.Rgb.ToArray());
    }

    [Fact]
    public void Steps_and_guidance_come_from_request_options_model_library()
    {
        (int? Steps, double? Scale) Taken(int? request, int? options, int? own)
        {
            using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModel(_ =>
            {
                DiffusionModel opened = DiffusionModel.Open(model.Folder);
                (opened.Steps, opened.GuidanceScale) = (own, own);
                return opened;
            }).Configure(o => (o.Steps, o.GuidanceScale) = (options, options)).Build();
            GenerationRequest taken = pipeline.Generate(s_request with { Steps = request, GuidanceScale = request }).Request;
            return (taken.Steps, taken.GuidanceScale);
        }

        Assert.Equal((2, 2.0), Taken(2, 3, 4));
        Assert.Equal((3, 3.0), Taken(null, 3, 4));
        Assert.Equal((4, 4.0), Taken(null, null, 4));
        Assert.Equal((20, 5.0), Taken(null, null, null));
        using DiffusionModel refusing = DiffusionModel.Open(model.Folder);
        Assert.Throws<ArgumentOutOfRangeException>(() => refusing.Steps = 0);
        Assert.Throws<ArgumentOutOfRangeException>(() => refusing.Steps = 1001);
        Assert.Throws<ArgumentOutOfRangeException>(() => refusing.GuidanceScale = double.NaN);
        Assert.Throws<ArgumentOutOfRangeException>(() => refusing.GuidanceScale = -1);
    }

    [Fact]
    public void What_the_builder_is_given_goes_before_what_is_registered()
    {
        var services = new ServiceCollection();
        services.AddSingleton<INoiseScheduler>(_ => throw new InvalidOperationException("must not be asked for"));
        services.AddLatentDiffusion().UseModelFolder(model.Folder).UseScheduler(KnownSchedulers.Euler.Create);
        using ServiceProvider provider = services.BuildServiceProvider();
        Assert.Single(provider.GetRequiredService<DiffusionPipeline>().Generate(s_request).Images);
    }

    [Fact]
    public void A_scheduler_is_chosen_by_object_by_type_or_by_name()
    {
        byte[] Draw(DiffusionPipelineBuilder builder)
        {
            using DiffusionPipeline pipeline = builder.Build();
            return pipeline.Generate(s_request).Images[0].Image.Rgb.ToArray();
        }

        Assert.Equal(
            Draw(model.Builder().UseScheduler(new SubtractingScheduler())),
            Draw(model.Builder().UseScheduler<SubtractingScheduler>()));
        Assert.Equal(
            Draw(model.Builder().UseScheduler(KnownSchedulers.DpmSolverPlusPlus.Create)),
            Draw(model.Builder().UseScheduler("dpm++")));
        Assert.Equal(Draw(model.Builder().UseScheduler("dpm++")), Draw(model.Builder().UseScheduler("DPMSolverMultistepScheduler")));
        Assert.NotEqual(Draw(model.Builder().UseScheduler("dpm++")), Draw(model.Builder().UseScheduler("euler")));
        var e = Assert.Throws<ArgumentException>(() => model.Builder().UseScheduler("nope"));
        Assert.Contains("expected one of ddpm, ddim", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Building_freezes_the_builder()
    {
        DiffusionPipelineBuilder builder = model.Builder();
        builder.Build().Dispose();
        Assert.Throws<InvalidOperationException>(() => builder.UseGuidance(new NoGuidance()));
        Assert.Throws<InvalidOperationException>(() => builder.Build());
    }

    [Fact]
    public void A_missing_part_is_named()
    {
        var e = Assert.Throws<InvalidOperationException>(() => new DiffusionPipelineBuilder().UseDenoiser(new ShrinkingDenoiser()).Build());
        Assert.Contains("an autoencoder", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_out_of_range_are_named()
    {
        var e = Assert.Throws<ValidationException>(() => model.Builder().Configure(o => o.Steps = 0).Build());
        Assert.Contains("Steps", e.Message, StringComparison.Ordinal);

        var services = new ServiceCollection();
        services.AddLatentDiffusion().UseModelFolder(model.Folder);
        services.Configure<DiffusionPipelineOptions>(o => o.GuidanceScale = -1);
        using ServiceProvider provider = services.BuildServiceProvider();
        Assert.Contains(
            "GuidanceScale",
            Assert.Throws<OptionsValidationException>(provider.GetRequiredService<DiffusionPipeline>).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_scheduler_for_another_prediction_type_is_refused()
    {
        DiffusionPipelineBuilder builder = model.Builder().UseScheduler(
            config => NoiseScheduler.FromConfig(config.With("prediction_type", "v_prediction")));
        var e = Assert.Throws<InvalidOperationException>(() => builder.Build());
        Assert.Contains("the model predicts Epsilon", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_custom_denoiser_says_itself_what_it_predicts()
    {
        using DiffusionPipeline given = model.Builder()
            .UseDenoiser(new WideDenoiser())
            .UseScheduler(new SubtractingScheduler { PredictionType = PredictionType.Velocity })
            .Build();

        var services = new ServiceCollection();
        services.AddLatentDiffusion().UseModelFolder(model.Folder);
        services.AddSingleton<IDenoiser, WideDenoiser>();
        services.AddSingleton<INoiseScheduler>(new SubtractingScheduler { PredictionType = PredictionType.Velocity });
        using ServiceProvider provider = services.BuildServiceProvider();
        DiffusionPipeline registered = provider.GetRequiredService<DiffusionPipeline>();
        Assert.Equal(given.Generate(s_request).Images[0].Image.Rgb.ToArray(), registered.Generate(s_request).Images[0].Image.Rgb.ToArray());

        // No caller is responsible for the model's denoiser, whoever registered it.
        using DiffusionModel opened = DiffusionModel.Open(model.Folder, CPU);
        Assert.Throws<InvalidOperationException>(
            () => new DiffusionPipelineBuilder()
                .UseModel(_ => opened)
                .UseDenoiser(opened.Denoiser)
                .UseScheduler(new SubtractingScheduler { PredictionType = PredictionType.Velocity })
                .Build());
    }

    [Fact]
    public void A_folder_may_name_an_unknown_scheduler_if_another_is_given()
    {
        using var folder = new TemporaryFolder();
        string copy = folder["model"];
        using (DiffusionModel opened = DiffusionModel.Open(model.Folder, CPU)) opened.Save(copy);
        string path = Path.Combine(copy, "scheduler", "scheduler_config.json");
        Write("""{ "_class_name": "DPMSolverSDEScheduler", "noise_sampler_seed": 3, "prediction_type": "epsilon" }""");
        using (DiffusionPipeline pipeline = Builder().UseScheduler(new SubtractingScheduler()).Build())
            Assert.Single(pipeline.Generate(s_request).Images);
        Assert.Contains(
            "The model's scheduler is a 'DPMSolverSDEScheduler'",
            Assert.Throws<NotSupportedException>(() => Builder().Build()).Message,
            StringComparison.Ordinal);

        Write("""{ "_class_name": "DPMSolverSDEScheduler", "prediction_type": "v_prediction" }""");
        var e = Assert.Throws<InvalidOperationException>(() => Builder().UseScheduler(new SubtractingScheduler()).Build());
        Assert.Contains("takes the model's output for Epsilon, and the model predicts Velocity", e.Message, StringComparison.Ordinal);
        Write("""{ "_class_name": "DPMSolverSDEScheduler", "prediction_type": "foresight" }""");
        Assert.Contains(
            "'prediction_type' is one of epsilon",
            Assert.Throws<InvalidDataException>(() => Builder().UseScheduler(new SubtractingScheduler()).Build()).Message,
            StringComparison.Ordinal);

        DiffusionPipelineBuilder Builder() => new DiffusionPipelineBuilder().UseModelFolder(copy);

        void Write(string json) => File.WriteAllText(path, json);
    }

    [Fact]
    public void A_folder_without_a_model_is_refused()
    {
        var e = Assert.Throws<DirectoryNotFoundException>(() => new DiffusionPipelineBuilder().UseModelFolder(Path.GetTempPath()).Build());
        Assert.Contains("model_index.json", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrapped_part_keeps_the_defaults_of_the_model()
    {
        DiffusionPipelineBuilder Builder() => new DiffusionPipelineBuilder().UseModel(_ =>
        {
            DiffusionModel opened = DiffusionModel.Open(model.Folder);
            (opened.Steps, opened.GuidanceScale) = (3, 2.5);
            return opened;
        });
        using DiffusionPipeline plain = Builder().Build();
        using DiffusionPipeline wrapped = Builder()
            .UseTextEncoder(m => new Text(m.TextEncoder))
            .UseDenoiser(m => new Network(m.Denoiser))
            .UseAutoencoder(m => new Pixels(m.Autoencoder))
            .Build();
        GenerationRequest request = new() { Prompt = "a star", Seed = 1 };
        GenerationResult expected = plain.Generate(request), result = wrapped.Generate(request);
        Assert.Equal((3, 2.5, 16), (result.Request.Steps, result.Request.GuidanceScale, result.Images[0].Image.Width));
        Assert.Equal(expected.Images[0].Image.Rgb.ToArray(), result.Images[0].Image.Rgb.ToArray());

        var e = Assert.Throws<InvalidOperationException>(() => new DiffusionPipelineBuilder()
            .UseTextEncoder(m => m.TextEncoder)
            .UseDenoiser(new WideDenoiser())
            .UseAutoencoder(new GrayAutoencoder())
            .UseScheduler(new SubtractingScheduler())
            .Build());
        Assert.Contains("needs a model", e.Message, StringComparison.Ordinal);
        Assert.Contains(
            "returned null",
            Assert.Throws<InvalidOperationException>(() => model.Builder().UseDenoiser(_ => null!).Build()).Message,
            StringComparison.Ordinal);
    }

    [Theory, InlineData(15), InlineData(768)]
    public void A_text_encoder_of_another_width_is_refused_with_both(int width)
    {
        string message = Assert.Throws<InvalidOperationException>(() =>
            model.Builder().UseTextEncoder(new WidthEncoder(width)).Build()).Message;
        Assert.Contains($"WidthEncoder gives hidden states of width {width}, and the denoiser takes 16", message, StringComparison.Ordinal);
        model.Builder().UseTextEncoder(new WidthEncoder(16)).Build().Dispose();
        Assert.Contains(
            "expected [batch, tokens, width]",
            Assert.Throws<InvalidOperationException>(() => model.Builder().UseTextEncoder(new WidthEncoder(null)).Build()).Message,
            StringComparison.Ordinal);
    }

    private sealed class WidthEncoder(int? width) : ITextEncoder
    {
        public int MaxLength => 4;

        public Conditioning Encode(IReadOnlyList<string> prompts, CancellationToken cancellationToken = default) =>
            new(width is { } w ? zeros(prompts.Count, 4, w) : zeros(prompts.Count, 16));
    }

    private sealed class Text(ITextEncoder inner) : ITextEncoder
    {
        public int MaxLength => inner.MaxLength;

        public Conditioning Encode(IReadOnlyList<string> prompts, CancellationToken cancellationToken = default) => inner.Encode(prompts);
    }

    private sealed class Network(IDenoiser inner) : IDenoiser
    {
        public DenoiserDescription Description => inner.Description;

        public Tensor Predict(DenoiserInput input) => inner.Predict(input);
    }

    private sealed class Pixels(IAutoencoder inner) : IAutoencoder
    {
        public int LatentChannels => inner.LatentChannels;

        public int DownsamplingFactor => inner.DownsamplingFactor;

        public LatentDistribution Encode(Tensor images, CancellationToken cancellationToken = default) => inner.Encode(images);

        public Tensor Decode(Tensor latents, CancellationToken cancellationToken = default) => inner.Decode(latents);
    }

    private sealed class LengthEncoder : ITextEncoder
    {
        public int MaxLength => 1;

        public Conditioning Encode(IReadOnlyList<string> prompts, CancellationToken cancellationToken = default) =>
            new(tensor(prompts.Select(p => (float)p.Length).ToArray(), [prompts.Count, 1, 1]));
    }

    private sealed class ShrinkingDenoiser : IDenoiser
    {
        public DenoiserDescription Description { get; } = new() { LatentChannels = 1 };

        public Tensor Predict(DenoiserInput input) => input.Latents * 0.5;
    }

    private sealed class WideDenoiser : IDenoiser
    {
        public DenoiserDescription Description { get; } = new() { LatentChannels = 4 };

        public Tensor Predict(DenoiserInput input) => input.Latents * 0.5;
    }

    private sealed class GrayAutoencoder : IAutoencoder
    {
        public int LatentChannels => 1;

        public int DownsamplingFactor => 2;

        public LatentDistribution Encode(Tensor images, CancellationToken cancellationToken = default) =>
            new(images.mean([1], keepdim: true));

        public Tensor Decode(Tensor latents, CancellationToken cancellationToken = default) =>
            latents.repeat_interleave(2, 2).repeat_interleave(2, 3).expand(-1, 3, -1, -1);
    }

    private sealed class NoGuidance : IGuidance
    {
        public bool NeedsUnconditional => false;

        public GuidedDenoiser Guide(IDenoiser denoiser, Conditioning? unconditional, double scale) =>
            input => new GuidedPrediction(denoiser.Predict(input));
    }

    private sealed class SubtractingScheduler : INoiseScheduler
    {
        public PredictionType PredictionType { get; init; }

        public int TrainingTimesteps => 1000;

        public SamplingPlan Plan(SamplingOptions options, LatentShape shape) =>
            new(options, Enumerable.Range(0, options.Steps).Reverse().Select(t => (double)t), new double[options.Steps + 1]);

        public ISchedulerRun Start(SamplingPlan plan, INoiseSource? noise) => new Run(plan);

        private sealed class Run(SamplingPlan plan) : ISchedulerRun
        {
            public SamplingPlan Plan => plan;

            public int StepIndex { get; private set; }

            public Tensor Step(Tensor modelOutput, Tensor sample)
            {
                StepIndex++;
                return sample - modelOutput / plan.Timesteps.Count;
            }

            public Tensor AddNoise(Tensor sample, Tensor noise) => sample + noise;

            public void Dispose()
            {
            }
        }
    }
}
