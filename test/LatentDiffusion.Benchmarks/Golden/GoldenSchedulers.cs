namespace LatentDiffusion.Benchmarks;

/// <summary>Every sampler, each with text to image and with an initial image and a mask.</summary>
internal static class GoldenSchedulers
{
    private static readonly string[] s_discrete =
    [
        "ddpm", "ddim", "plms", "lms", "euler", "euler-karras", "euler-a", "heun", "kdpm2", "kdpm2-a", "dpm++", "dpm++-karras", "dpm++-3m",
        "dpm++-sde", "dpm++-2s", "unipc", "deis", "lcm", "tcd",
    ];

    // These need a model whose own configuration is of their kind.
    private static readonly string[] s_continuous =
        ["FlowMatchEulerDiscreteScheduler", "FlowMatchHeunDiscreteScheduler", "EDMEulerScheduler", "EDMDPMSolverMultistepScheduler"];

    private static readonly GenerationRequest s_text = GoldenGeneration.Request with { ImageCount = 1, Steps = 5 };

    private static readonly GenerationRequest s_mask = GoldenGeneration.Inpainting with { ImageCount = 1 };

    public static IEnumerable<GoldenCase> Cases(GoldenModels models) =>
    [
        .. s_discrete.SelectMany(name => Both(name, () => models["sd1"], b => b.UseScheduler(name))),
        .. s_continuous.SelectMany(name => Both(name, () => models.WithScheduler("sd1", name), null)),
        // PNDM cannot start in the middle of its Runge-Kutta steps.
        GoldenGeneration.Case("scheduler/pndm", () => models["sd1"], [s_text], b => b.UseScheduler("pndm")),
        .. Both("velocity euler-a", () => models["sd2"], b => b.UseScheduler("euler-a")),
    ];

    private static IEnumerable<GoldenCase> Both(string name, Func<string> folder, Action<DiffusionPipelineBuilder>? build) =>
    [
        GoldenGeneration.Case($"scheduler/{name}", folder, [s_text], build),
        GoldenGeneration.Case($"scheduler/{name} with a mask", folder, [s_mask], build),
    ];
}
