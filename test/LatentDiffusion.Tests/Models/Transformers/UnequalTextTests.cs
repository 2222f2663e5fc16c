using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Families;

/// <summary>Texts of different numbers of tokens, which only denoisers that ignore masked tokens can evaluate together.</summary>
public sealed class UnequalTextTests(TransformerFolders folders) : IClassFixture<TransformerFolders>, IDisposable
{
    private const int Steps = 2, Short = 3, Long = 8;

    private readonly List<Conditioning> _texts = [];

    public static TheoryData<string, bool> Families => new()
    {
        { "flux", false }, { "flux2", false }, { "sd3", false }, { "chroma", true }, { "z-image", true },
    };

    [Theory, MemberData(nameof(Families))]
    public void Images_beside_longer_texts_are_those_alone(string family, bool readsMask)
    {
        using DiffusionPipeline single = Builder(family).Build(), batched = Builder(family).Configure(o => o.BatchSize = 3).Build();
        DenoiserDescription denoiser = single.Model!.Denoiser.Description;
        // Chroma's mask is a summand of 1 or 0.
        bool joins = readsMask && family != "chroma";
        Assert.Equal((readsMask, joins), (denoiser.ReadsMask, denoiser.IgnoresMaskedTokens));
        GenerationRequest[] requests =
        [
            Request(single, Short, seed: 1), Request(single, Short, seed: 2), Request(single, Long, seed: 3),
            Request(single, Short, seed: 4),
        ];
        var seen = new List<(int Completed, int Total, int Image)>();
        IReadOnlyList<GenerationResult> together = batched.Generate(
            requests, new Report(p => seen.Add((p.CompletedSteps, p.TotalSteps, p.ImageIndex))));

        foreach ((GenerationRequest request, GenerationResult result) in requests.Zip(together))
        {
            byte[] alone = single.Generate(request).Images[0].Image.Rgb.ToArray();
            Assert.All(alone.Zip(result.Images[0].Image.Rgb.ToArray()), p => Assert.InRange(p.First - p.Second, -1, 1));
        }

        Assert.Equal(
            joins ? [(1, 4, 0), (2, 4, 0), (3, 4, 3), (4, 4, 3)] : [(1, 6, 0), (2, 6, 0), (3, 6, 2), (4, 6, 2), (5, 6, 3), (6, 6, 3)],
            seen);
    }

    [Theory, MemberData(nameof(Families))]
    public void A_mask_is_refused_where_the_model_reads_none(string family, bool readsMask)
    {
        using DiffusionPipeline pipeline = Builder(family).Build();
        GenerationRequest request = Request(pipeline, Short, seed: 1, mask: ones(1, Short));
        if (readsMask)
        {
            pipeline.Generate(request);
            return;
        }

        const string Expected = "PromptEmbeds.Mask is given; expected null, because the model reads every token of a prompt";
        Assert.StartsWith(Expected, Assert.Throws<ArgumentException>(() => pipeline.Generate(request)).Message, StringComparison.Ordinal);
        IDenoiser denoiser = pipeline.Model!.Denoiser;
        using Tensor latents = zeros(1, denoiser.Description.LatentChannels, 4, 4);
        var input = new DenoiserInput { Latents = latents, Timesteps = [500], Conditioning = request.PromptEmbeds! };
        Assert.StartsWith(
            "DenoiserInput.Conditioning.Mask is given; this denoiser expects null.",
            Assert.Throws<ArgumentException>(() => denoiser.Predict(input)).Message, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Families))]
    public void Guidance_refuses_a_prompt_and_a_negative_prompt_of_two_lengths(string family, bool readsMask)
    {
        using DiffusionPipeline pipeline = Builder(family).UseGuidance(new ClassifierFreeGuidance()).Build();
        Tensor? mask = readsMask ? ones(1, Short) : null;
        GenerationRequest request = Request(pipeline, Short, seed: 1, mask) with
        {
            GuidanceScale = 3, NegativePromptEmbeds = Text(pipeline, Long, 0.5, readsMask ? ones(1, Long) : null),
        };
        string message = Assert.Throws<ArgumentException>(() => pipeline.Generate(request)).Message;
        Assert.StartsWith($"NegativePromptEmbeds is of shape [1, {Long}, ", message, StringComparison.Ordinal);
        Assert.Contains($"expected [1, {Short}, ", message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        foreach (Conditioning text in _texts) text.Dispose();
    }

    private DiffusionPipelineBuilder Builder(string family) => new DiffusionPipelineBuilder().UseModelFolder(folders[family], CPU);

    private GenerationRequest Request(DiffusionPipeline pipeline, long tokens, ulong seed, Tensor? mask = null) => new()
    {
        Prompt = "", Seed = seed, Steps = Steps, Width = 32, Height = 32,
        PromptEmbeds = Text(pipeline, tokens, seed, mask), NegativePromptEmbeds = Text(pipeline, tokens, -0.5, mask?.clone()),
    };

    /// <summary>Hidden states and pooled text that change with a number.</summary>
    private Conditioning Text(DiffusionPipeline pipeline, long tokens, double number, Tensor? mask)
    {
        DenoiserDescription reads = pipeline.Model!.Denoiser.Description;
        var text = new Conditioning(
            Waves(1, tokens, reads.TextWidth!.Value), reads.PooledWidth is { } width ? Waves(1, width) : null, mask);
        _texts.Add(text);
        return text;

        Tensor Waves(params long[] shape) =>
            arange(1, shape.Aggregate((a, b) => a * b) + 1).to(ScalarType.Float32).mul((float)(1 + number)).sin().view(shape);
    }

    private sealed class Report(Action<GenerationProgress> action) : IProgress<GenerationProgress>
    {
        void IProgress<GenerationProgress>.Report(GenerationProgress value) => action(value);
    }
}
