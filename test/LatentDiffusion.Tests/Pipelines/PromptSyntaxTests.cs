using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Prompts that change from step to step, through the public builder.</summary>
[Collection(LiveTensors.Collection)]
public sealed class PromptSyntaxTests(FamilyFolders folders) : IClassFixture<FamilyFolders>
{
    private static readonly GenerationRequest s_request =
        new() { Prompt = "ab a", NegativePrompt = "b", Seed = 3, Steps = 4, GuidanceScale = 4, Width = 16, Height = 16 };

    [Theory, InlineData("sd1"), InlineData("xl")]
    public void What_says_the_same_is_the_plain_prompt_to_the_byte(string family)
    {
        using DiffusionPipeline plain = Build(family, b => b.UsePromptWeighting()), pipeline = Build(family, Syntax);
        byte[] expected = Draw(plain, s_request);
        foreach (string same in new[]
        {
            "ab a", "[ab|ab] a", "[ab a|ab a]", "[ab:ab:0.5] a", "ab [a:a:2]", "ab a # a comment", "ab\n# b\n a",
            "ab a :1 AND b :0", "b :0 AND ab a", "[b:ab:0] a", "[ab:b:4] a", "[ab:b:1.0] a",
        })
            Assert.Equal(expected, Draw(pipeline, s_request with { Prompt = same }));
        Assert.Equal(expected, Draw(pipeline, s_request with { NegativePrompt = "[b|b]#" }));
        Assert.Equal(
            Draw(plain, s_request with { NegativePrompt = "" }), Draw(pipeline, s_request with { NegativePrompt = "[:b:4]" }));

        // Brackets that are escaped are text, and with the option off all are.
        Assert.Equal(Draw(plain, s_request with { Prompt = @"\[ab|b\]" }), Draw(pipeline, s_request with { Prompt = @"\[ab|b\]" }));
        Assert.NotEqual(Draw(plain, s_request with { Prompt = "[ab|b]" }), Draw(pipeline, s_request with { Prompt = "[ab|b]" }));
        using DiffusionPipeline bare = Build(family), withoutWeights = Build(family, b => b.UsePromptSyntax());
        Assert.Equal(Draw(bare, s_request with { Prompt = "[ab|b]" }), Draw(withoutWeights, s_request with { Prompt = @"\[ab\|b\]" }));
        using DiffusionPipeline off = Build(family, b => b.UsePromptSyntax(new()
        {
            Editing = false, Alternation = false, Composition = false, Comments = false,
        }));
        foreach (string text in new[] { "[ab:b:2]", "[ab|b]", "ab AND b", "ab # b" })
            Assert.Equal(Draw(bare, s_request with { Prompt = text }), Draw(off, s_request with { Prompt = text }));
    }

    [Theory]
    [InlineData("ddim", 1), InlineData("heun", 1), InlineData("kdpm2", 1), InlineData("ddim", 2), InlineData("euler-a", 2)]
    public void Each_step_has_its_texts(string scheduler, int batchSize)
    {
        var seen = new SeenTexts();
        using DiffusionPipeline pipeline = Build("sd1", b => Syntax(b).UseScheduler(scheduler).Configure(o => o.BatchSize = batchSize)
            .UseDenoiser(model => seen.Watch(model.Denoiser)));
        GenerationRequest[] requests =
        [
            s_request with { Prompt = "[ab:a:2] b", NegativePrompt = "[b|a]" },
            s_request with { Prompt = "a b", NegativePrompt = "", Seed = 4 },
        ];
        pipeline.Generate(requests);
        string[][] texts = [["ab b", "a b"], ["ab b", "a b"], ["a b", "a b"], ["a b", "a b"]];
        string[][] negatives = [["b", ""], ["a", ""], ["b", ""], ["a", ""]];
        // These evaluate twice in each step but the last.
        int[] steps = scheduler is "heun" or "kdpm2" ? [0, 0, 1, 1, 2, 2, 3] : [0, 1, 2, 3];
        List<float[]> expected = [];
        if (batchSize == 2)
            foreach (int step in steps) expected.Add(Encoded([.. negatives[step], .. texts[step]]));
        else
            for (int i = 0; i < 2; i++)
                foreach (int step in steps) expected.Add(Encoded(negatives[step][i], texts[step][i]));
        Assert.Equal(expected.Count, seen.Texts.Count);
        foreach ((float[] one, float[] other) in expected.Zip(seen.Texts)) Assert.Equal(one, other);

        float[] Encoded(params string[] prompts)
        {
            using DisposeScope scope = NewDisposeScope();
            return [.. prompts.SelectMany(p => pipeline.Encode([p]).HiddenStates.data<float>().ToArray())];
        }
    }

    [Fact]
    public void A_second_pass_continues_the_count()
    {
        var seen = new SeenTexts();
        using DiffusionPipeline pipeline = Build(
            "sd1", b => Syntax(b).UseScheduler("ddim").UseDenoiser(model => seen.Watch(model.Denoiser)));
        var upscale = new LatentUpscaling { Width = 24, Height = 24, Strength = 0.5 };
        // Four steps and then two.
        pipeline.Generate(s_request with { Prompt = "[ab:a:5]", GuidanceScale = 1, Upscale = upscale });
        using Conditioning before = pipeline.Encode(["ab"]), after = pipeline.Encode(["a"]);
        float[] ab = before.HiddenStates.data<float>().ToArray(), a = after.HiddenStates.data<float>().ToArray();
        Assert.Equal([ab, ab, ab, ab, ab, a], seen.Texts);
        seen.Texts.Clear();
        pipeline.Generate(s_request with { Prompt = "[ab:a:1.5]", GuidanceScale = 1, Upscale = upscale });
        Assert.Equal([ab, ab, ab, ab, ab, a], seen.Texts);

        // The steps that run count.
        seen.Texts.Clear();
        pipeline.Generate(s_request with { Prompt = "[ab:a:0.5]", GuidanceScale = 1, InitialImage = TaskImages.Image, Strength = 0.5 });
        Assert.Equal([ab, a], seen.Texts);
    }

    [Fact]
    public void Each_text_is_encoded_once()
    {
        var encoder = new CountingEncoder();
        using DiffusionPipeline pipeline = Build("sd1", b => b.UsePromptSyntax().UseTextEncoder(model => encoder.Watch(model.TextEncoder)));
        pipeline.Generate(s_request with
        {
            Steps = 6, Prompt = "[ab|a] AND [a|b] :0.5", NegativePrompt = "[b:a:2]",
            Upscale = new LatentUpscaling { Width = 24, Height = 24, Strength = 0.5 },
        });
        Assert.Equal(["a", "ab", "b"], encoder.Prompts.Order());
    }

    [Fact]
    public void Composition_works_with_every_guidance()
    {
        Func<DiffusionProcess, IGuidance>[] all =
        [
            _ => new ClassifierFreeGuidance(), _ => new ClassifierFreeGuidance(new() { SeparatePasses = true }),
            process => new AdaptiveProjectedGuidance(process), _ => new RescaledGuidance(new ClassifierFreeGuidance()),
            _ => new PerturbedAttentionGuidance(new ClassifierFreeGuidance()),
            process => new DynamicThresholdingGuidance(new ClassifierFreeGuidance(), process, new() { SampleRange = 4 }),
            process => new IntervalGuidance(new ClassifierFreeGuidance(), process, new() { Start = 0.3 }),
        ];
        List<byte[]> composed = [];
        foreach (Func<DiffusionProcess, IGuidance> guidance in all)
        {
            using DiffusionPipeline pipeline = Build("sd1", b => Syntax(b).UseGuidance(guidance));
            byte[] plain = Draw(pipeline, s_request);
            composed.Add(Draw(pipeline, s_request with { Prompt = "ab a AND [b|a] :0.5" }));
            Assert.NotEqual(plain, composed[^1]);
        }

        Assert.All(composed[0].Zip(composed[1]), pair => Assert.InRange(pair.First - pair.Second, -1, 1));
        using DiffusionPipeline unguided = Build("sd1", b => Syntax(b));
        GenerationRequest request = s_request with { GuidanceScale = 1 };
        Assert.NotEqual(Draw(unguided, request), Draw(unguided, request with { Prompt = "ab a AND a :50" }));
        // Weights that add up to 1 do not need the negative prompt.
        Assert.Equal(
            Draw(unguided, request with { Prompt = "ab a :0.5 AND b :0.5" }),
            Draw(unguided, request with { Prompt = "ab a :0.5 AND b :0.5", NegativePrompt = "a" }));
    }

    [Fact]
    public void Different_prompts_share_evaluations()
    {
        GenerationRequest[] requests =
        [
            s_request with { Prompt = "ab [a|b]" }, s_request with { Prompt = "(ab:1.2) AND b :0.5 AND a", Seed = 8, ImageCount = 2 },
            s_request with { Prompt = "a", NegativePrompt = "[b:a:0.5]", Seed = 9 },
            s_request with { Prompt = string.Concat(Enumerable.Repeat("[ab:b:2] a b ", 40)), Seed = 10 },
        ];
        using DiffusionPipeline separate = Build("sd1", Syntax), together = Build("sd1", b => Syntax(b).Configure(o => o.BatchSize = 3));
        foreach ((GenerationRequest request, GenerationResult result) in requests.Zip(together.Generate(requests)))
        {
            foreach ((GeneratedImage one, GeneratedImage other) in separate.Generate(request).Images.Zip(result.Images))
                Assert.All(one.Image.Rgb.ToArray().Zip(other.Image.Rgb.ToArray()), p => Assert.InRange(p.First - p.Second, -1, 1));
        }
    }

    [Fact]
    public void Metadata_keeps_the_prompt_as_it_was_written()
    {
        using DiffusionPipeline pipeline = Build("sd1", Syntax);
        GenerationRequest request = s_request with { Prompt = "[ab:a:2] # later\n AND b :0.5", NegativePrompt = "[b|a]" };
        GeneratedImage image = pipeline.Generate(request).Images[0];
        Assert.Equal(request.Prompt, image.Metadata["prompt"]);
        Assert.Equal("""{"editing":true,"alternation":true,"composition":true,"comments":true}""", image.Metadata["prompt_syntax"]);
        GenerationRequest again = GenerationMetadata.ReadRequest(image.ToPng());
        Assert.Equal(request, again);
        Assert.Equal(image.Image.Rgb.ToArray(), Draw(pipeline, again));
    }

    [Fact]
    public void Adapters_are_named_within_brackets_and_not_in_comments()
    {
        using var folder = new TemporaryFolder();
        using (Tensor down = ones(2, 32), up = ones(32, 2))
        {
            const string Query = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q";
            SafetensorsWriter.Write(
                folder["one.safetensors"],
                new Dictionary<string, Tensor> { [$"{Query}.lora_A.weight"] = down, [$"{Query}.lora_B.weight"] = up });
        }

        using DiffusionPipeline applied = Build("sd1", b => Syntax(b).UseLora(folder["one.safetensors"], 0.5));
        using DiffusionPipeline named = Build("sd1", b => Syntax(b).UsePromptLoras(folder["."]));
        byte[] expected = Draw(applied, s_request with { Prompt = "[ab:b:2] AND a" });
        Assert.Equal(expected, Draw(named, s_request with { Prompt = "[ab<lora:one:0.5>:b:2] AND a # <lora:none:1>" }));
        using DiffusionPipeline plain = Build("sd1", Syntax);
        Assert.Equal(Draw(plain, s_request), Draw(named, s_request with { Prompt = "ab a # <lora:one:1>" }));
    }

    [Fact]
    public void A_refiner_reads_the_texts_of_its_steps()
    {
        using DiffusionPipeline pipeline = Build("xl", b => Syntax(b).UseRefiner(folders["xl-refiner"], 0.5));
        GenerationRequest request = s_request with { GuidanceScale = 50 };
        byte[] plain = Draw(pipeline, request);
        Assert.Equal(plain, Draw(pipeline, request with { Prompt = "[ab a|ab a]" }));
        // Only the refiner makes the last two steps.
        Assert.NotEqual(plain, Draw(pipeline, request with { Prompt = "[ab a:b:2]" }));
        Assert.NotEqual(plain, Draw(pipeline, request with { Prompt = "ab a AND b" }));
    }

    [Fact]
    public void What_cannot_be_read_is_refused_by_name()
    {
        using DiffusionPipeline pipeline = Build("sd1", Syntax), withoutWeights = Build("sd1", b => b.UsePromptSyntax());
        Assert.NotEmpty(Draw(pipeline, s_request with { Prompt = "ab BREAK a" }));
        Assert.StartsWith(
            "Prompt is with BREAK; expected none without UsePromptWeighting",
            Refused(withoutWeights, s_request with { Prompt = "ab BREAK a" }), StringComparison.Ordinal);
        Assert.StartsWith(
            "NegativePrompt is with BREAK", Refused(withoutWeights, s_request with { NegativePrompt = "ab BREAK a" }),
            StringComparison.Ordinal);
        Assert.StartsWith(
            "Prompt is of 65 parts with AND; expected at most 64",
            Refused(pipeline, s_request with { Prompt = string.Join(" AND ", Enumerable.Repeat("a", 65)) }), StringComparison.Ordinal);
        Assert.StartsWith(
            "prompts[1] is of several texts; expected one text in all steps",
            Assert.Throws<ArgumentException>(() => pipeline.Encode(["a", "[a|b]"])).Message, StringComparison.Ordinal);
        using Conditioning plain = pipeline.Encode(["a"]), commented = pipeline.Encode(["a # b"]);
        Assert.Equal(plain.HiddenStates.data<float>().ToArray(), commented.HiddenStates.data<float>().ToArray());

        // Embeddings take the place of the prompt, whatever it says.
        byte[] embedded = Draw(pipeline, s_request with { Prompt = "[b|ab]", PromptEmbeds = plain });
        Assert.Equal(Draw(pipeline, s_request with { Prompt = "a" }), embedded);
        Assert.NotEqual(embedded, Draw(pipeline, s_request with { PromptEmbeds = plain, NegativePrompt = "[b|ab]" }));

        static string Refused(DiffusionPipeline pipeline, GenerationRequest request) =>
            Assert.Throws<ArgumentException>(() => pipeline.Generate(request)).Message;
    }

    private static DiffusionPipelineBuilder Syntax(DiffusionPipelineBuilder builder) => builder.UsePromptWeighting().UsePromptSyntax();

    private DiffusionPipeline Build(string family, Func<DiffusionPipelineBuilder, DiffusionPipelineBuilder>? change = null)
    {
        DiffusionPipelineBuilder builder = new DiffusionPipelineBuilder().UseModelFolder(folders[family], CPU);
        return (change?.Invoke(builder) ?? builder).Build();
    }

    private static byte[] Draw(DiffusionPipeline pipeline, GenerationRequest request) =>
        pipeline.Generate(request).Images[0].Image.Rgb.ToArray();

    /// <summary>The hidden states of each evaluation.</summary>
    private sealed class SeenTexts : IDenoiser
    {
        private IDenoiser? _inner;

        public List<float[]> Texts { get; } = [];

        public DenoiserDescription Description => _inner!.Description;

        public SeenTexts Watch(IDenoiser inner)
        {
            _inner = inner;
            return this;
        }

        public Tensor Predict(DenoiserInput input)
        {
            Texts.Add([.. input.Conditioning.HiddenStates.data<float>()]);
            return _inner!.Predict(input);
        }
    }

    /// <summary>The prompts of each call.</summary>
    private sealed class CountingEncoder : ITextEncoder
    {
        private ITextEncoder? _inner;

        public List<string> Prompts { get; } = [];

        public int MaxLength => _inner!.MaxLength;

        public CountingEncoder Watch(ITextEncoder inner)
        {
            _inner = inner;
            return this;
        }

        public Conditioning Encode(IReadOnlyList<string> prompts, CancellationToken cancellationToken = default)
        {
            Prompts.AddRange(prompts);
            return _inner!.Encode(prompts, cancellationToken);
        }

        public TextShape? Measure(string prompt) => _inner!.Measure(prompt);
    }
}
