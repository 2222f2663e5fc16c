using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Pipelines of every family and feature. Each has generated once, so that lazily created objects exist.</summary>
public sealed class WarmPipelines : IDisposable
{
    private readonly FamilyFolders _families = new();
    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, DiffusionPipeline> _pipelines = [];

    public WarmPipelines()
    {
        TinyControlNets.Write(_folder["control"], "sd1", 0);
        TinyT2IAdapters.Write(_folder["adapter"], "sd1", 1);
        TinyControlNetUnions.Write(_folder["union"]);
        WriteAutoencoders();
        foreach (string name in Names)
        {
            DiffusionPipelineBuilder builder = new DiffusionPipelineBuilder().UseModelFolder(_families[name.Split(' ')[0]], CPU);
            _ = name switch
            {
                "sd1 guided" => builder.UsePromptWeighting().UseGuidance(AllGuidance),
                "sd1 cached" => builder.UseStepCaching(),
                "sd1 syntax" => builder.UsePromptWeighting().UsePromptSyntax(),
                "sd1 controlled" => builder.UseControlNet(_folder["control"])
                    .UseGuidance(new PerturbedAttentionGuidance(new ClassifierFreeGuidance())),
                "sd1 adapted" => builder.UseT2IAdapter(_folder["adapter"], conditioningFactor: 0.7).UseOffload(),
                "xl united" => builder.UseControlNetUnion(_folder["union"], [1, 3]),
                "sd1 batched" => builder.Configure(o => o.BatchSize = 2).UseScheduler("dpm++-sde"),
                "sd1 tiled" => builder.UseTiledDecoding(new TilingOptions { TileSize = 16 }).UseOffload(),
                "sd1 masked" => builder.UseAutoencoder(_folder["asymmetric"]).UsePreview(_folder["tiny"]),
                "sd1 sampled" => builder.UseAutoencoder(_folder["consistency"]).UseTiledDecoding(new TilingOptions { TileSize = 16 }),
                "xl refined" => builder.UseRefiner(_families["xl-refiner"], 0.5).UsePromptWeighting(),
                _ => builder,
            };
            _pipelines.Add(name, builder.Build());
            _pipelines[name].Generate(Request(name));
        }
    }

    public static string[] Names { get; } =
    [
        "sd1", "sd2", "xl", "xl-refiner", "sd1-inpaint", "sd1-lcm", "sd1-vq",
        "sd1 guided", "sd1 cached", "sd1 syntax", "sd1-edit", "sd1 controlled", "sd1 adapted", "xl united", "sd1 batched",
        "sd1 tiled", "sd1 masked", "sd1 sampled", "xl refined",
    ];

    public DiffusionPipeline this[string name] => _pipelines[name];

    /// <summary>A request with all inputs of the pipeline: two images in three steps.</summary>
    public static GenerationRequest Request(string name)
    {
        var request = new GenerationRequest
        {
            Prompt = "(ab:1.2) a", NegativePrompt = "b", Seed = 3, ImageCount = 2, Steps = 3, GuidanceScale = 4,
            Width = TaskImages.Width, Height = TaskImages.Height,
        };
        return name switch
        {
            "sd1-inpaint" => request with { InitialImage = TaskImages.Image, Mask = TaskImages.Mask, Strength = 1 },
            "sd1 controlled" => request with { ControlImages = [TaskImages.Mask] },
            "xl united" => request with { ControlImages = [TaskImages.Mask, TaskImages.Image] },
            "sd1-edit" => request with { ReferenceImages = [TaskImages.Image] },
            "sd1 syntax" => request with { Prompt = "(ab:1.2) [a|b] AND [b:ab:2] :0.5 AND a # c", NegativePrompt = "[b:a:1]" },
            "sd1 adapted" => request with { AdapterImages = [TaskImages.Mask] },
            _ => request,
        };
    }

    public void Dispose()
    {
        foreach (DiffusionPipeline pipeline in _pipelines.Values) pipeline.Dispose();
        _folder.Dispose();
        _families.Dispose();
    }

    private void WriteAutoencoders()
    {
        using AsymmetricAutoencoderKL asymmetric = AutoencoderFolders.Asymmetric();
        using ConsistencyDecoderVAE consistency = AutoencoderFolders.Consistency();
        using AutoencoderTiny tiny = AutoencoderFolders.Tiny();
        DiffusersFolder.WriteNetwork(asymmetric, _folder["asymmetric"]);
        DiffusersFolder.WriteNetwork(consistency, _folder["consistency"]);
        DiffusersFolder.WriteNetwork(tiny, _folder["tiny"]);
    }

    private static IntervalGuidance AllGuidance(DiffusionProcess process)
    {
        var perturbed = new PerturbedAttentionGuidance(new AdaptiveProjectedGuidance(process));
        var thresholded = new DynamicThresholdingGuidance(new RescaledGuidance(perturbed), process, new() { SampleRange = 4 });
        return new IntervalGuidance(thresholded, process, new() { Start = 0.2 });
    }
}
