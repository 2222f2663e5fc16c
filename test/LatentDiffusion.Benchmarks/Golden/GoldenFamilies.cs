using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>Every model family, in float32 and with a batch that shares evaluations; some in bfloat16.</summary>
internal static class GoldenFamilies
{
    private static readonly string[] s_families =
        ["sd1", "sd2", "xl", "xl-refiner", "sd1-tiny", "xl-ssd", "sd1-lcm", "sd1-taesd", "sd1-vq"];

    private static readonly string[] s_bfloat16 = ["sd1", "xl"];

    private static readonly SizeConditioningInput s_origin = new() { OriginalWidth = 500, OriginalHeight = 300, CropLeft = 7, CropTop = 5 };

    public static IEnumerable<GoldenCase> Cases(GoldenModels models)
    {
        GoldenCase Case(string family, string name, GenerationRequest? request = null, Action<DiffusionPipelineBuilder>? build = null) =>
            GoldenGeneration.Case($"{family}/{name}", () => models[family], request is null ? null : [request], build);

        GenerationRequest mask = GoldenGeneration.Inpainting;
        return
        [
            .. s_families.Select(family => Case(family, "default")),
            .. s_families.Select(family => Case(family, "shared evaluations", build: b => b.Configure(o => o.BatchSize = 2))),
            .. s_bfloat16.Select(
                family => GoldenGeneration.Case($"{family}/bfloat16", () => models[family], precision: ScalarType.BFloat16)),
            Case("sd1-inpaint", "default", mask),
            Case("sd1-inpaint", "full strength", mask with { Strength = 1 }, b => b.UseScheduler("euler-a")),
            Case("sd1-lcm", "scale of one", GoldenGeneration.Request with { GuidanceScale = 1 }),
            Case("xl", "size conditioning", GoldenGeneration.Request with
            {
                SizeConditioningInput = s_origin with { TargetHeight = 1024 }, NegativeSizeConditioningInput = new() { OriginalWidth = 64 },
            }),
            Case("xl", "empty negative prompt", GoldenGeneration.Request with { NegativePrompt = "" }),
            Case("xl-refiner", "size conditioning", GoldenGeneration.Request with
            {
                SizeConditioningInput = s_origin with { AestheticScore = 9 }, NegativePrompt = "",
            }),
            GoldenGeneration.Case("sd1/learned variance", models.WithLearnedVariance),
        ];
    }
}
