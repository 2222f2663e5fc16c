using LatentDiffusion;
using LatentDiffusion.Samples;
using static TorchSharp.torch;

namespace StableDiffusion;

/// <summary>What the pipeline is made of.</summary>
/// <param name="Path">A model folder, or a single file.</param>
internal sealed record ModelChoice(string Path)
{
    public string? Tokenizer { get; init; }

    public string? Variant { get; init; }

    public ScalarType? Type { get; init; }

    public string? Scheduler { get; init; }

    public int ClipSkip { get; init; } = 1;

    public IReadOnlyList<Lora> Loras { get; init; } = [];

    public IReadOnlyList<Embedding> Embeddings { get; init; } = [];

    public IReadOnlyList<string> ControlNets { get; init; } = [];

    public string? Refiner { get; init; }

    public double RefinerStart { get; init; }

    public DiffusionPipeline Open()
    {
        DiffusionPipelineBuilder builder = new DiffusionPipelineBuilder().UseLoggerFactory(new WarningsToConsole())
            .UsePromptWeighting(new PromptingOptions { ClipSkip = ClipSkip });
        if (File.Exists(Path)) builder.UseModelFile(Path, Tokenizer, precision: Type);
        else builder.UseModelFolder(Path, precision: Type, variant: Variant);
        if (Scheduler is not null) builder.UseScheduler(Scheduler);
        foreach ((string file, double weight) in Loras) builder.UseLora(file, weight);
        foreach ((string file, string? token) in Embeddings) builder.UseTextualInversion(file, token);
        foreach (string folder in ControlNets) builder.UseControlNet(folder);
        if (Refiner is not null) builder.UseRefiner(Refiner, RefinerStart, Type, Variant);
        return builder.Build();
    }
}
