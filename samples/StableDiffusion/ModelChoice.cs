using LatentDiffusion;
using LatentDiffusion.Checkpoints;
using LatentDiffusion.Metadata;
using LatentDiffusion.Samples;
using static TorchSharp.torch;

namespace StableDiffusion;

/// <summary>Components and settings of the pipeline.</summary>
/// <param name="Path">A model folder, a single file, or the id of a published model.</param>
internal sealed record ModelChoice(string Path)
{
    /// <summary>The folder of a published model, once it is downloaded.</summary>
    public string? Downloaded { get; init; }

    /// <summary>Branch, tag or commit of a published model; null for its main branch.</summary>
    public string? Revision { get; init; }

    /// <summary>Files of the text encoders; none where <see cref="Path"/> has them.</summary>
    public IReadOnlyList<FileInfo> TextEncoders { get; init; } = [];

    /// <summary>File of the autoencoder; null where <see cref="Path"/> has it.</summary>
    public FileInfo? Autoencoder { get; init; }

    public string? Tokenizer { get; init; }

    public string? Variant { get; init; }

    public ScalarType? Type { get; init; }

    public string? Scheduler { get; init; }

    public WeightStorage Storage { get; init; }

    /// <summary>Null for the layer that suits the model.</summary>
    public int? ClipSkip { get; init; }

    /// <summary>Whether prompts may change from step to step and be composed.</summary>
    public bool PromptSyntax { get; init; }

    public IReadOnlyList<Lora> Loras { get; init; } = [];

    /// <summary>Folder of the files that prompts may name; null for none.</summary>
    public string? LoraFolder { get; init; }

    public IReadOnlyList<Embedding> Embeddings { get; init; } = [];

    public IReadOnlyList<string> ControlNets { get; init; } = [];

    public string? Refiner { get; init; }

    public double RefinerStart { get; init; }

    /// <summary>Adds features with separate option classes.</summary>
    public Action<DiffusionPipelineBuilder> Features { get; init; } = _ => { };

    /// <summary>Format of the settings in image files.</summary>
    public MetadataFormat Metadata { get; init; }

    public DiffusionPipeline Open()
    {
        DiffusionPipelineBuilder builder = new DiffusionPipelineBuilder().UseLoggerFactory(new WarningsToConsole())
            .UsePromptWeighting(new PromptingOptions { ClipSkip = ClipSkip ?? 1 }, whereSupported: ClipSkip is null)
            .UseWeightStorage(Storage)
            .Configure(o => (o.MetadataFormat, o.FileHashes) = (Metadata, Metadata != MetadataFormat.Native));
        if (Downloaded is { } downloaded) builder.UseModel(_ => downloaded, Path, precision: Type, variant: Variant);
        else if (TextEncoders.Count > 0 || Autoencoder is not null)
        {
            builder.UseModelFiles(
                new ModelFiles
                {
                    Transformer = Path, TextEncoders = [.. TextEncoders.Select(file => file.FullName)],
                    Autoencoder = Autoencoder?.FullName, Tokenizers = Tokenizer is null ? [] : [Tokenizer],
                },
                precision: Type);
        }
        else if (File.Exists(Path)) builder.UseModelFile(Path, Tokenizer, precision: Type);
        else builder.UseModelFolder(Path, precision: Type, variant: Variant);
        if (Scheduler is not null) builder.UseScheduler(Scheduler);
        foreach ((string file, double weight) in Loras) builder.UseLora(file, weight);
        if (PromptSyntax) builder.UsePromptSyntax();
        if (LoraFolder is not null) builder.UsePromptLoras(LoraFolder);
        foreach ((string file, string? token) in Embeddings) builder.UseTextualInversion(file, token);
        foreach (string folder in ControlNets) builder.UseControlNet(folder);
        if (Refiner is not null) builder.UseRefiner(Refiner, RefinerStart, Type, Variant);
        Features(builder);
        return builder.Build();
    }
}
