using LatentDiffusion.Tests.Diagnostics;
using Microsoft.Extensions.Logging;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Inputs that do less than their author expects are warned of in the log.</summary>
public sealed class InputWarningTests(TinyModel model) : IClassFixture<TinyModel>
{
    private static readonly GenerationRequest s_request = new() { Prompt = "a star", Seed = 1, Steps = 1, GuidanceScale = 2 };

    [Theory]
    [InlineData("a [cat:dog:0.5] on grass", "[from:to:when]")]
    [InlineData("a [dog:10]", "[from:to:when]")]
    [InlineData("a [cat::0.5]", "[from:to:when]")]
    [InlineData("a [cat|dog] on grass", "[a|b]")]
    [InlineData("a cat AND a dog", "AND")]
    [InlineData("a cat <lora:detail:0.8>", "UseLora")]
    [InlineData("a (cat:1.3)", "UsePromptWeighting")]
    public void Prompt_syntax_without_effect_is_named(string prompt, string named)
    {
        Assert.Contains(named, Assert.Single(Warnings(b => b, s_request with { Prompt = prompt })), StringComparison.Ordinal);
        Assert.Contains(named, Assert.Single(Warnings(b => b, s_request with { NegativePrompt = prompt })), StringComparison.Ordinal);
        Assert.DoesNotContain("cat", Assert.Single(Warnings(b => b, s_request with { Prompt = prompt })), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a [cat] and (dog), BREAK a bird: blue, 1:2")]
    [InlineData("a b | c, <3, salt and pepper, sand \\[a:b:1\\]")]
    [InlineData("(cat:1.3) [dog]")]
    public void What_is_read_is_not_warned_of(string prompt) =>
        Assert.Empty(Warnings(b => b.UsePromptWeighting(), s_request with { Prompt = prompt }));

    [Fact]
    public void Custom_text_encoders_read_as_they_like() =>
        Assert.Empty(Warnings(b => b.UseTextEncoder(m => new Alternating(m.TextEncoder)), s_request with { Prompt = "a [cat|dog]" }));

    [Fact]
    public void Thin_and_empty_masks_are_warned_of()
    {
        GenerationRequest request = s_request with { InitialImage = TaskImages.Image, Strength = 1 };
        Assert.Empty(Warnings(b => b, request with { Mask = Mask((x, _) => x is >= 4 and < 12) }));
        Assert.Contains(
            "16 pixels",
            Assert.Single(Warnings(b => b, request with { Mask = Mask((x, _) => x == 5) })),
            StringComparison.Ordinal);
        Assert.Contains(
            "repaints nothing",
            Assert.Single(Warnings(b => b, request with { Mask = Mask((_, _) => false) })),
            StringComparison.Ordinal);

        static ImageBuffer Mask(Func<int, int, bool> white) =>
            TaskImages.Create(
                TaskImages.Width,
                TaskImages.Height,
                (x, y) => white(x, y) ? ((byte)255, (byte)255, (byte)255) : ((byte)0, (byte)0, (byte)0));
    }

    [Fact]
    public void A_lora_file_without_patches_is_warned_of()
    {
        using var folder = new TemporaryFolder();
        SafetensorsWriter.Write(folder["empty.safetensors"], new Dictionary<string, Tensor>());
        string warning = Assert.Single(Warnings(b => b.UseLora(folder["empty.safetensors"]), s_request));
        Assert.Contains("empty.safetensors", warning, StringComparison.Ordinal);
        Assert.DoesNotContain(Path.GetTempPath(), warning, StringComparison.Ordinal);
    }

    [Fact]
    public void A_lora_file_of_another_kind_is_ignored_in_one_line()
    {
        using var folder = new TemporaryFolder();
        const string Module = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q";
        using Tensor one = ones(16, 2), two = ones(2, 16), alpha = tensor(1f);
        SafetensorsWriter.Write(
            folder["glora.safetensors"],
            [
                ($"{Module}.alpha", alpha), ($"{Module}.a1.weight", two), ($"{Module}.a2.weight", one),
                ($"{Module}.b1.weight", two), ($"{Module}.b2.weight", one),
            ],
            null, null);
        string[] warnings = Warnings(b => b.UseLora(folder["glora.safetensors"], 1, UnknownTensorHandling.Ignore), s_request);
        Assert.Equal(2, warnings.Length);
        Assert.Contains("glora.safetensors are ignored, 5 of 5 tensors: GLoRA", warnings[0], StringComparison.Ordinal);
        Assert.Contains("does not patch any parameter", warnings[1], StringComparison.Ordinal);
        Assert.Throws<CheckpointException>(() => Warnings(b => b.UseLora(folder["glora.safetensors"]), s_request));
    }

    private string[] Warnings(Func<DiffusionPipelineBuilder, DiffusionPipelineBuilder> built, GenerationRequest request)
    {
        var log = new LogRecorder();
        using DiffusionPipeline pipeline = built(model.Builder().UseLoggerFactory(log)).Build();
        pipeline.Generate(request);
        // The tiny model reads few tokens, and is warned of that as well.
        return
        [
            .. log.Lines
                .Where(l => l.Level == LogLevel.Warning && !l.Text.Contains("tokens", StringComparison.Ordinal))
                .Select(l => l.Text)
        ];
    }

    private sealed class Alternating(ITextEncoder inner) : ITextEncoder
    {
        public int MaxLength => inner.MaxLength;

        public Conditioning Encode(IReadOnlyList<string> prompts, CancellationToken cancellationToken = default) => inner.Encode(prompts);
    }
}
