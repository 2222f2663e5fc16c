using LatentDiffusion.Tests.Pipelines;
using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>Every task and option of a pipeline.</summary>
internal static class GoldenTasks
{
    private const string Weighted = "(ab:1.3) a BREAK b [a] ab ab a b ab a b a ab b a ab ab b";

    private static readonly LatentUpscaling s_upscale = new() { Width = 40, Height = 24, Strength = 0.5 };

    private static readonly GenerationRequest s_text = GoldenGeneration.Request;

    private static readonly GenerationRequest s_image = GoldenGeneration.ImageToImage, s_mask = GoldenGeneration.Inpainting;

    private static readonly GenerationRequest s_controlled =
        s_text with { ControlImages = [TaskImages.Image, TaskImages.Mask], Steps = 4 };

    private static readonly GenerationRequest[] s_batch =
    [
        s_text with { ImageCount = 1 },
        s_text with { Prompt = Weighted, NegativePrompt = "", Seed = 11 },
        s_text with { Prompt = "b", ImageCount = 1, VariationSeed = 5 },
    ];

    public static IEnumerable<GoldenCase> Cases(GoldenModels models) =>
        [.. Both(models, "sd1"), .. Both(models, "xl"), .. StableDiffusion1(models), .. Refiner(models)];

    private static IEnumerable<GoldenCase> Both(GoldenModels models, string family)
    {
        GoldenCase Case(string name, GenerationRequest request, Action<DiffusionPipelineBuilder>? build = null) =>
            GoldenGeneration.Case($"task/{family} {name}", () => models[family], [request], build);

        GoldenCase Batch(string name, Action<DiffusionPipelineBuilder>? build = null) =>
            GoldenGeneration.Case($"task/{family} {name}", () => models[family], s_batch, build);

        return
        [
            Case("image to image", s_image),
            Case("inpainting", s_mask),
            Case("two passes", s_text with { Upscale = s_upscale, Steps = 4 }),
            Case("two passes with a mask", s_mask with { Upscale = s_upscale, Steps = 4, Strength = 0.75 }),
            Case("variation", s_text with { VariationSeed = 9, VariationStrength = 0.3 }),
            Case("prompt weighting", s_text with { Prompt = Weighted }, b => b.UsePromptWeighting()),
            Case("step caching", s_text with { Steps = 6 }, b => b.UseStepCaching()),
            Case("ControlNets", s_controlled, b => b
                .UseControlNet(models.ControlNet(family, 0)).UseControlNet(models.ControlNet(family, 1), 0.5, 0.25, 0.75)),
            Case(
                "ControlNet with an image and perturbed attention",
                s_image with { ControlImages = [TaskImages.Mask], ControlWeights = [new() { Scale = 0.6 }] },
                b => b.UseControlNet(models.ControlNet(family, 1))
                    .UseGuidance(new PerturbedAttentionGuidance(new ClassifierFreeGuidance()))),
            GoldenGeneration.Case($"task/{family} ControlNets of the model", () => models.WithControlNets(family), [s_controlled]),
            Batch("batch"),
            Batch("batch of shared evaluations", b => b.Configure(o => o.BatchSize = 3)),
            Batch("batch of long prompts", b => b.UsePromptWeighting().Configure(o => o.BatchSize = 3)),
            GoldenGeneration.Pixels(
                $"task/{family} tiled", () => models[family], s_image, b => b.UseTiledDecoding(new() { TileSize = 16 })),
            GoldenGeneration.Pixels($"task/{family} offloaded", () => models[family], s_mask, b => b.UseOffload().UseSlicedDecoding()),
        ];
    }

    private static IEnumerable<GoldenCase> StableDiffusion1(GoldenModels models) =>
    [
        GoldenGeneration.Case("task/sd1-inpaint two passes", () => models["sd1-inpaint"], [s_mask with { Upscale = s_upscale }]),
        GoldenGeneration.Case(
            "task/sd1 clip skip", () => models["sd1"], [s_text with { Prompt = Weighted }],
            b => b.UsePromptWeighting(new() { ClipSkip = 2 })),
        new("task/sd1 prompt embeddings", hashes =>
        {
            using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModelFolder(models["sd1"], CPU)
                .UseAutoencoder(model => new RecordedLatents(model.Autoencoder, hashes)).Build();
            using Conditioning one = pipeline.Encode(["ab a"]), other = pipeline.Encode(["b b"]);
            using Conditioning between = Conditioning.Interpolate(one, other, 0.5);
            hashes.Add("pixels", pipeline.Generate(s_text with { ImageCount = 1, PromptEmbeds = between }).Images[0].Image);
        }),
        new("task/sd1 previews", hashes =>
        {
            DiffusionPipelineBuilder builder = new DiffusionPipelineBuilder().UseModelFolder(models["sd1"], CPU).UseScheduler("heun");
            using DiffusionPipeline pipeline = builder.Build();
            foreach (GenerationUpdate update in pipeline.GenerateStreamingAsync(s_text).ToBlockingEnumerable())
                foreach (ImageBuffer preview in update.Previews) hashes.Add("pixels", preview);
        }),
    ];

    private static IEnumerable<GoldenCase> Refiner(GoldenModels models)
    {
        GoldenCase Case(string name, GenerationRequest request, double start, Action<DiffusionPipelineBuilder>? build = null) =>
            GoldenGeneration.Case($"task/refiner {name}", () => models["xl"], [request], b =>
            {
                b.UseRefiner(models["xl-refiner"], start);
                build?.Invoke(b);
            });

        GenerationRequest text = s_text with { Steps = 5 };
        return
        [
            Case("from 0.8", text, 0.8),
            Case("from 0.5 with a multistep solver", text, 0.5, b => b.UseScheduler("dpm++")),
            Case("with weights and two passes", text with { Prompt = "(ab:1.2) a", Upscale = s_upscale }, 0.6, b => b.UsePromptWeighting()),
            Case("with an image and a mask", s_mask with { Strength = 0.9 }, 0.5),
            Case(
                "with a ControlNet", text with { ControlImages = [TaskImages.Image] }, 0.6,
                b => b.UseControlNet(models.ControlNet("xl", 0))),
        ];
    }
}
