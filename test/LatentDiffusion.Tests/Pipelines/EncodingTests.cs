using Xunit;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Prompts encoded beforehand.</summary>
public sealed class EncodingTests(TinyModel model) : IClassFixture<TinyModel>
{
    private static readonly GenerationRequest s_request = new()
    {
        Prompt = "a (blue:1.5) bird",
        NegativePrompt = "a star",
        Seed = 7,
        Steps = 3,
    };

    [Fact]
    public void Embeddings_of_the_pipeline_draw_what_its_prompts_draw()
    {
        using DiffusionPipeline pipeline = model.Builder().UsePromptWeighting(new PromptingOptions { ClipSkip = 2 }).Build();
        byte[] told = Draw(s_request);
        using Conditioning prompt = pipeline.Encode([s_request.Prompt]), negative = pipeline.Encode([s_request.NegativePrompt]);
        Assert.Equal(told, Draw(s_request with { PromptEmbeds = prompt, NegativePromptEmbeds = negative }));
        Assert.Equal(told, Draw(s_request with { PromptEmbeds = prompt }));
        Assert.Equal(told, Draw(s_request with { NegativePromptEmbeds = negative }));

        // The model's own encoder reads brackets as text, and takes another layer.
        using Conditioning plain = pipeline.Model!.TextEncoder.Encode([s_request.Prompt]);
        Assert.NotEqual(told, Draw(s_request with { PromptEmbeds = plain }));

        using Conditioning none = pipeline.EncodeUnconditional(), two = pipeline.EncodeUnconditional(2);
        GenerationRequest unguided = s_request with { NegativePrompt = "" };
        Assert.Equal(Draw(unguided), Draw(unguided with { NegativePromptEmbeds = none }));
        Assert.Equal([2, 16, 16], two.HiddenStates.shape);

        byte[] Draw(GenerationRequest request) => pipeline.Generate(request).Images[0].Image.Rgb.ToArray();
    }

    [Fact]
    public void What_cannot_be_encoded_is_refused()
    {
        DiffusionPipeline pipeline = model.Builder().Configure(o => o.MaximumPromptLength = 10).Build();
        Assert.Throws<ArgumentNullException>("prompts", () => pipeline.Encode(null!));
        Assert.Throws<ArgumentException>("prompts", () => pipeline.Encode([]));
        Assert.StartsWith(
            "prompts[1] is null; expected a text",
            Assert.Throws<ArgumentException>(() => pipeline.Encode(["a", null!])).Message,
            StringComparison.Ordinal);
        Assert.StartsWith(
            "prompts[0] is 11 characters long; expected at most 10",
            Assert.Throws<ArgumentException>(() => pipeline.Encode([new string('a', 11)])).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>("count", () => pipeline.EncodeUnconditional(0));
        Assert.Throws<OperationCanceledException>(() => pipeline.Encode(["a"], new CancellationToken(canceled: true)));
        pipeline.Dispose();
        Assert.Throws<ObjectDisposedException>(() => pipeline.Encode(["a"]));
        Assert.Throws<ObjectDisposedException>(() => pipeline.EncodeUnconditional());
    }
}
