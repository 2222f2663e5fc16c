namespace LatentDiffusion.Benchmarks;

/// <summary>Every kind of guidance, with one and with two text towers.</summary>
internal static class GoldenGuidance
{
    private static readonly (string Name, Func<DiffusionProcess, IGuidance> Make)[] s_guidances =
    [
        ("separate passes", _ => new ClassifierFreeGuidance(new() { SeparatePasses = true })),
        ("rescaled", _ => new RescaledGuidance(new ClassifierFreeGuidance())),
        ("interval", space => new IntervalGuidance(new ClassifierFreeGuidance(), space, new() { Start = 0.2, Stop = 0.7 })),
        ("dynamic thresholding",
            space => new DynamicThresholdingGuidance(new ClassifierFreeGuidance(), space, new() { DynamicThresholdingRatio = 0.9 })),
        ("adaptive projected", space => new AdaptiveProjectedGuidance(space, new() { Eta = 0.4, Rescale = 5 })),
        ("perturbed attention", _ => new PerturbedAttentionGuidance(new ClassifierFreeGuidance(), new() { AdaptiveScale = 0.001 })),
        ("only perturbed attention", _ => new PerturbedAttentionGuidance()),
        ("rescaled perturbed attention", _ => new RescaledGuidance(new PerturbedAttentionGuidance(new ClassifierFreeGuidance()))),
    ];

    public static IEnumerable<GoldenCase> Cases(GoldenModels models) =>
        from family in (string[])["sd1", "xl"]
        from guidance in s_guidances
        select GoldenGeneration.Case($"guidance/{family} {guidance.Name}", () => models[family], build: b => b.UseGuidance(guidance.Make));
}
