using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Guidance and prompting through the pipeline.</summary>
public sealed class GuidanceAndPromptTests(TinyModel model) : IClassFixture<TinyModel>
{
    private static readonly GenerationRequest s_request = new() { Prompt = "a blue bird", NegativePrompt = "a star", Seed = 7, Steps = 4 };

    [Fact]
    public void Guidance_on_clean_samples_knows_what_predictions_mean()
    {
        byte[] plain = Draw(model.Builder().UseGuidance(new ClassifierFreeGuidance()));
        DiffusionProcess? given = null;
        byte[] whole = Draw(model.Builder().UseGuidance(space => new IntervalGuidance(new ClassifierFreeGuidance(), given = space, new())));
        byte[] half = Draw(
            model.Builder().UseGuidance(space => new IntervalGuidance(new ClassifierFreeGuidance(), space, new() { Stop = 0.5 })));
        Assert.Equal(plain, whole);
        Assert.NotEqual(plain, half);
        Assert.Equal((PredictionType.Epsilon, 1000), (given!.PredictionType, given.TrainingTimesteps));
        Assert.Contains("a model", Assert.Throws<InvalidOperationException>(() => new DiffusionPipelineBuilder()
            .UseTextEncoder(new NoEncoder()).UseDenoiser(new NoDenoiser()).UseAutoencoder(new NoAutoencoder())
            .UseScheduler(new DdimScheduler()).UseGuidance(space => new AdaptiveProjectedGuidance(space)).Build()).Message);
    }

    [Fact]
    public void Perturbed_attention_guides_at_a_scale_of_one()
    {
        GenerationRequest request = s_request with { GuidanceScale = 1 };
        byte[] plain = Draw(model.Builder(), request);
        byte[] none = Draw(model.Builder().UseGuidance(new PerturbedAttentionGuidance(options: new() { Scale = 0 })), request);
        Assert.Equal(plain, none);
        Assert.NotEqual(plain, Draw(model.Builder().UseGuidance(new PerturbedAttentionGuidance(new ClassifierFreeGuidance())), request));
    }

    [Fact]
    public void Prompting_keeps_plain_prompts_and_reads_weighted_long_ones()
    {
        byte[] plain = Draw(model.Builder());
        Assert.Equal(plain, Draw(model.Builder().UsePromptWeighting()));
        Assert.NotEqual(plain, Draw(model.Builder().UsePromptWeighting(), s_request with { Prompt = "a (blue:1.5) bird" }));
        Assert.NotEqual(plain, Draw(model.Builder().UsePromptWeighting(new PromptingOptions { ClipSkip = 2 })));

        // The negative prompt is shorter and gets as many windows; either way round.
        string longer = string.Concat(Enumerable.Repeat("a blue bird ", 10));
        byte[] first = Draw(model.Builder().UsePromptWeighting(), s_request with { Prompt = longer });
        Assert.NotEqual(plain, first);
        Assert.NotEqual(first, Draw(model.Builder().UsePromptWeighting(), s_request with { NegativePrompt = longer }));
    }

    [Fact]
    public void Clip_skip_of_a_request_is_that_of_a_pipeline()
    {
        byte[] second = Draw(model.Builder().UsePromptWeighting(new PromptingOptions { ClipSkip = 2 }));
        Assert.Equal(second, Draw(model.Builder(), s_request with { ClipSkip = 2 }));
        DiffusionPipelineBuilder skips = model.Builder().UsePromptWeighting(new PromptingOptions { ClipSkip = 2 });
        Assert.Equal(Draw(model.Builder()), Draw(skips, s_request with { ClipSkip = 1 }));
        var e = Assert.Throws<ArgumentException>(() => Draw(model.Builder(), s_request with { ClipSkip = 1000 }));
        Assert.Equal(nameof(GenerationRequest.ClipSkip), e.ParamName);
        Assert.StartsWith("ClipSkip is 1000: ", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_text_encoder_that_cannot_read_weights_is_refused()
    {
        var e = Assert.Throws<InvalidOperationException>(() =>
            model.Builder().UseTextEncoder(new NoEncoder()).UsePromptWeighting().Build());
        Assert.Contains("WithPrompting of NoEncoder returned null", e.Message);
    }

    [Fact]
    public void Embeddings_take_the_place_of_prompts_and_stay_the_callers()
    {
        using DiffusionModel parts = DiffusionModel.Open(model.Folder, CPU);
        using Conditioning positive = parts.TextEncoder.Encode(["a blue bird"]), negative = parts.TextEncoder.Encode(["a star"]);
        GenerationRequest embedded = s_request with
        {
            Prompt = "",
            NegativePrompt = "",
            PromptEmbeds = positive,
            NegativePromptEmbeds = negative,
        };
        byte[] plain = Draw(model.Builder());
        Assert.Equal(plain, Draw(model.Builder(), embedded));
        Assert.Equal(plain, Draw(model.Builder(), embedded with { NegativePrompt = "a star", NegativePromptEmbeds = null }));
        Assert.NotEqual(plain, Draw(model.Builder(), embedded with { NegativePromptEmbeds = null }));
        Assert.False(positive.HiddenStates.IsInvalid);

        using var two = new Conditioning(zeros(2, 16, 16));
        using var shorter = new Conditioning(zeros(1, 8, 16));
        using DiffusionPipeline pipeline = model.Builder().Build();
        Assert.StartsWith(
            "PromptEmbeds is of shape [2, 16, 16]; expected [1, tokens, width]",
            Refused(s_request with { PromptEmbeds = two }),
            StringComparison.Ordinal);
        Assert.StartsWith(
            "NegativePromptEmbeds is of shape [2, 16, 16]",
            Refused(s_request with { NegativePromptEmbeds = two }),
            StringComparison.Ordinal);
        Assert.StartsWith(
            "PromptEmbeds is of shape [1, 8, 16]; expected [1, 16, 16], as NegativePrompt is encoded",
            Refused(s_request with { PromptEmbeds = shorter }),
            StringComparison.Ordinal);

        string Refused(GenerationRequest request) => Assert.Throws<ArgumentException>(() => pipeline.Generate(request)).Message;
    }

    [Fact]
    public void Embeddings_are_checked_against_the_users_own_encoder()
    {
        using Conditioning longer = new(zeros(1, 16, 16)), one = new(zeros(1, 1, 16));
        using DiffusionPipeline pipeline = model.Builder().UseTextEncoder(new OneToken()).Build();
        var e = Assert.Throws<ArgumentException>(() => pipeline.Generate(s_request with { PromptEmbeds = longer }));
        Assert.Contains(
            "prompt's hidden states are of shape [1, 16, 16] and the negative prompt's of [1, 1, 16]",
            e.Message,
            StringComparison.Ordinal);
        Assert.Single(pipeline.Generate(s_request with { PromptEmbeds = one }).Images);
    }

    [Fact]
    public void Build_refuses_guidance_that_a_denoiser_does_not_support()
    {
        Assert.Contains("AttentionLayers", Refused(new PerturbedAttentionGuidance()), StringComparison.Ordinal);
        Assert.Contains("ReadsGuidanceScale", Refused(new EmbeddedGuidance()), StringComparison.Ordinal);

        string Refused(IGuidance guidance) =>
            Assert.Throws<NotSupportedException>(() => model.Builder().UseDenoiser(new NoDenoiser()).UseGuidance(guidance).Build()).Message;
    }

    [Fact]
    public void The_longest_prompt_is_the_pipelines_choice()
    {
        GenerationRequest request = s_request with { Prompt = new string('a', 25_000) };
        Assert.Throws<ArgumentException>(() => Draw(model.Builder(), request));
        Assert.NotEmpty(Draw(model.Builder().Configure(o => o.MaximumPromptLength = 25_000), request));
        Assert.Contains(
            "at most 10",
            Assert.Throws<ArgumentException>(() => Draw(model.Builder().Configure(o => o.MaximumPromptLength = 10))).Message);
    }

    private static byte[] Draw(DiffusionPipelineBuilder builder, GenerationRequest? request = null)
    {
        using DiffusionPipeline pipeline = builder.Build();
        return pipeline.Generate(request ?? s_request).Images[0].Image.Rgb.ToArray();
    }

    private sealed class OneToken : ITextEncoder
    {
        public int MaxLength => 1;

        public Conditioning Encode(IReadOnlyList<string> prompts, CancellationToken cancellationToken = default) =>
            new(zeros(prompts.Count, 1, 16));
    }

    private sealed class NoEncoder : ITextEncoder
    {
        public int MaxLength => 1;

        public Conditioning Encode(IReadOnlyList<string> prompts, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();
    }

    private sealed class NoDenoiser : IDenoiser
    {
        public DenoiserDescription Description { get; } = new() { LatentChannels = 4 };

        public Tensor Predict(DenoiserInput input) => throw new NotSupportedException();
    }

    private sealed class NoAutoencoder : IAutoencoder
    {
        public int LatentChannels => 4;

        public int DownsamplingFactor => 8;

        public LatentDistribution Encode(Tensor images, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Tensor Decode(Tensor latents, CancellationToken cancellationToken = default) => throw new NotSupportedException();
    }
}
