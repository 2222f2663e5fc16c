using System.ComponentModel;
using System.Text.Json.Serialization;
using LatentDiffusion.Training;

namespace FineTune;

/// <summary>All settings of a run, as <see cref="SettingsSource"/> puts them together.</summary>
internal sealed record FineTuneSettings
{
    [JsonPropertyName("$schema"), Description("Schema of this file, for editors.")]
    public string? Schema { get; init; }

    [Description("Model folder in the layout of diffusers, or single file with the names of the original code.")]
    public string? Model { get; init; }

    [Description("For a single file: folder with the tokenizer's files. Null to search next to the file.")]
    public string? Tokenizer { get; init; }

    [Description("Variant of the folder's weights, for example fp16. Null for the plain ones.")]
    public string? Variant { get; init; }

    [Description("Training method.")]
    public FineTuneMethod Method { get; init; }

    [Description("Folder of the run.")]
    public string Out { get; init; } = Path.Combine("runs", "fine-tuned");

    [Description("cpu, cuda or cuda:number. Null for CUDA if available, otherwise the CPU.")]
    public string? Device { get; init; }

    [Description("Everything random follows from it.")]
    public ulong Seed { get; init; }

    [Description("Recompute activations in the backward pass: less memory, about a third more work.")]
    public bool GradientCheckpointing { get; init; }

    [Description("The images and captions.")]
    public required DataSettings Data { get; init; }

    [Description("Adapters of the method lora.")]
    public LoraTrainingOptions? Lora { get; init; }

    [Description("Tokens that the method textual_inversion learns.")]
    public IReadOnlyList<LearnedToken>? Tokens { get; init; }

    [Description("Edges that the method controlnet reads.")]
    public EdgeSettings? Edges { get; init; }

    [Description("Images of the class, for lora and full (DreamBooth). Null for none.")]
    public PriorSettings? Prior { get; init; }

    [Description("Loss, batches and noise.")]
    public required DenoiserTrainingOptions Objective { get; init; }

    [Description("Steps, optimizer, average and checkpoints.")]
    public required TrainingOptions Training { get; init; }

    [Description("Losses and image grids during the run.")]
    public required ValidationSettings Validation { get; init; }

    [Description("Form and precision of the result.")]
    public required OutputSettings Output { get; init; }
}
