using LatentDiffusion.Tests.Pipelines.Tasks;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Pipelines of every family and feature. Each has generated once, so that what is made at first use exists.</summary>
public sealed class WarmPipelines : IDisposable
{
    private readonly FamilyFolders _families = new();
    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, DiffusionPipeline> _pipelines = [];

    public WarmPipelines()
    {
        TinyControlNets.Write(_folder["control"], "sd1", 0);
        foreach (string name in Names)
        {
            DiffusionPipelineBuilder builder = new DiffusionPipelineBuilder().UseModelFolder(_families[name.Split(' ')[0]], CPU);
            _ = name switch
            {
                "sd1 guided" => builder.UsePromptWeighting().UseGuidance(AllGuidance),
                "sd1 cached" => builder.UseStepCaching(),
                "sd1 controlled" => builder.UseControlNet(_folder["control"])
                    .UseGuidance(new PerturbedAttentionGuidance(new ClassifierFreeGuidance())),
                "sd1 batched" => builder.Configure(o => o.BatchSize = 2).UseScheduler("dpm++-sde"),
                "sd1 tiled" => builder.UseTiledDecoding(new TilingOptions { TileSize = 16 }).UseOffload(),
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
        "sd1 guided", "sd1 cached", "sd1 controlled", "sd1 batched", "sd1 tiled", "xl refined",
    ];

    public DiffusionPipeline this[string name] => _pipelines[name];

    /// <summary>A request with what the pipeline needs: two images in three steps.</summary>
    public static GenerationRequest Request(string name)
    {
        var request = new GenerationRequest
        {
            Prompt = "(ab:1.2) a", NegativePrompt = "b", Seed = 3, Count = 2, Steps = 3, GuidanceScale = 4,
            Width = TaskPictures.Width, Height = TaskPictures.Height,
        };
        return name switch
        {
            "sd1-inpaint" => request with { InitialImage = TaskPictures.Image, Mask = TaskPictures.Mask, Strength = 1 },
            "sd1 controlled" => request with { ControlImages = [TaskPictures.Mask] },
            _ => request,
        };
    }

    public void Dispose()
    {
        foreach (DiffusionPipeline pipeline in _pipelines.Values) pipeline.Dispose();
        _folder.Dispose();
        _families.Dispose();
    }

    private static IntervalGuidance AllGuidance(DiffusionProcess process)
    {
        var perturbed = new PerturbedAttentionGuidance(new AdaptiveProjectedGuidance(process));
        var thresholded = new DynamicThresholdingGuidance(new RescaledGuidance(perturbed), process, new() { SampleRange = 4 });
        return new IntervalGuidance(thresholded, process, new() { Start = 0.2 });
    }
}
