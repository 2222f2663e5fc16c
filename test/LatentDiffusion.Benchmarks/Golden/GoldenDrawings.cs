using LatentDiffusion.Models.Drawings;
using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>Images of the shipped model: its six prompts, four schedulers, the few-step variant, and each task.</summary>
internal static class GoldenDrawings
{
    private static readonly string[] s_schedulers = ["ddim", "euler-a", "dpm++", "unipc"];

    private static readonly GenerationRequest[] s_prompts =
        [.. DrawingCatalog.Prompts.Select((prompt, i) => new GenerationRequest { Prompt = prompt, Seed = (ulong)i })];

    private static readonly GenerationRequest s_request = new() { Prompt = DrawingCatalog.Prompts[0], Seed = 42 };

    private static readonly GenerationRequest s_guided =
        s_request with { Prompt = DrawingCatalog.Prompts[1], Steps = 12, GuidanceScale = 3 };

    public static IEnumerable<GoldenCase> Cases() =>
    [
        Case("prompts", s_prompts),
        Case("few-steps", s_prompts, fewSteps: true),
        .. s_schedulers.Select(scheduler => Case($"scheduler {scheduler}", [s_guided], b => b.UseScheduler(scheduler))),
        Case("image-to-image", [s_request with { InitialImage = Drawing(), Strength = 0.6 }]),
        Case("inpainting", [s_request with { InitialImage = Drawing(), Mask = RightHalf(), Strength = 0.9 }]),
        Case("two-pass", [s_request with { Steps = 6, Upscale = new LatentUpscaling { Width = 160, Height = 160 } }]),
        new("drawings/batch", hashes => Batch(hashes, 1)),
        new("drawings/batch of shared evaluations", hashes => Batch(hashes, 3)),
    ];

    private static GoldenCase Case(
        string name, IReadOnlyList<GenerationRequest> requests, Action<DiffusionPipelineBuilder>? build = null, bool fewSteps = false) =>
        new($"drawings/{name}", hashes =>
        {
            using DiffusionPipeline pipeline = Build(hashes, fewSteps, build);
            foreach (GenerationRequest request in requests) Add(hashes, pipeline.Generate(request));
        });

    private static void Batch(GoldenHashes hashes, int size)
    {
        using DiffusionPipeline pipeline = Build(hashes, fewSteps: true, b => b.Configure(o => o.BatchSize = size));
        GenerationRequest[] requests = [s_request, s_prompts[2] with { ImageCount = 2 }, s_prompts[3]];
        foreach (GenerationResult result in pipeline.Generate(requests)) Add(hashes, result);
    }

    private static DiffusionPipeline Build(GoldenHashes hashes, bool fewSteps, Action<DiffusionPipelineBuilder>? build)
    {
        var builder = new DiffusionPipelineBuilder();
        builder = fewSteps ? builder.UseFewStepDrawingsModel(CPU) : builder.UseDrawingsModel(CPU);
        builder.UseAutoencoder(model => new RecordedLatents(model.Autoencoder, hashes));
        build?.Invoke(builder);
        return builder.Build();
    }

    private static void Add(GoldenHashes hashes, GenerationResult result)
    {
        foreach (GeneratedImage image in result.Images) hashes.Add("pixels", image.Image);
    }

    private static ImageBuffer Drawing() => new DrawingImages(new DrawingSource(seed: 1)).Read(5).Image;

    private static ImageBuffer RightHalf()
    {
        const int Side = 128;
        byte[] rgb = [.. Enumerable.Range(0, Side * Side * 3).Select(i => (byte)(i / 3 % Side < Side / 2 ? 0 : 255))];
        return new ImageBuffer(Side, Side, rgb);
    }
}
