using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// The parts of a model of the Stable Diffusion family, as its files have them: a diffusers folder (<see cref="DiffusersFolder"/>)
/// or a single file (<see cref="SingleFileCheckpoint"/>). Owns the networks.
/// </summary>
public sealed class StableDiffusionComponents : IDisposable
{
    /// <summary>Class of the published pipeline, for example <c>StableDiffusionXLPipeline</c>.</summary>
    public required string PipelineClass { get; init; }

    /// <summary>The U-Net.</summary>
    public required UNet2DConditionModel UNet { get; init; }

    /// <summary>The autoencoder: an <see cref="AutoencoderKL"/>, <see cref="AutoencoderTiny"/> or <see cref="VQModel"/>.</summary>
    /// <exception cref="InvalidOperationException">They were read from a single file that has none.</exception>
    public required nn.Module<Tensor, Tensor> Autoencoder
    {
        get => StoredAutoencoder ?? throw new InvalidOperationException("The model's file has no autoencoder: call UseAutoencoder on the pipeline's builder.");
        init => StoredAutoencoder = value;
    }

    /// <summary>The autoencoder; null where a single file has none.</summary>
    internal nn.Module<Tensor, Tensor>? StoredAutoencoder { get; private init; }

    /// <summary>The text tower; null where there is only the second (the refiner of SDXL), or a single file has none.</summary>
    public ClipTextModel? TextEncoder { get; init; }

    /// <summary>The second text tower, with a projection (SDXL); null for none.</summary>
    public ClipTextModel? TextEncoder2 { get; init; }

    /// <summary>The tokenizer of <see cref="TextEncoder"/>; null for a single file read without <see cref="SingleFileOptions.Vocabulary"/>.</summary>
    public ClipTokenizerFiles? Tokenizer { get; init; }

    /// <summary>The tokenizer of <see cref="TextEncoder2"/>; null for none, as for <see cref="Tokenizer"/>.</summary>
    public ClipTokenizerFiles? Tokenizer2 { get; init; }

    /// <summary>
    /// The ControlNets of a pipeline that was saved with some, in the order of their pictures; empty, the default, otherwise.
    /// Published as the component <c>controlnet</c>: one, or a <c>MultiControlNetModel</c>, whose others are in
    /// <c>controlnet_1</c>, <c>controlnet_2</c> and so on.
    /// </summary>
    public IReadOnlyList<ControlNetModel> ControlNets { get; init; } = [];

    /// <summary>The scheduler's configuration, with its class.</summary>
    public required SchedulerConfig Scheduler { get; init; }

    /// <summary>
    /// SDXL: whether no negative prompt is conditioning of all zeros rather than the encoded empty prompt. Published as
    /// <c>force_zeros_for_empty_prompt</c>; default true.
    /// </summary>
    public bool ForceZerosForEmptyPrompt { get; init; } = true;

    /// <summary>
    /// SDXL: whether the U-Net is told an aesthetic score in place of the target size, as the refiner is. Published as
    /// <c>requires_aesthetics_score</c>; default false.
    /// </summary>
    public bool RequiresAestheticsScore { get; init; }

    /// <summary>The <c>model_index.json</c> it was read from; null for none.</summary>
    internal JsonObject? Index { get; init; }

    /// <summary>The folder it was read from, which has the parts that are no networks known here; null for none.</summary>
    internal string? Folder { get; init; }

    /// <summary>How each part's weights were stored, by the part's name, so that they are written again the same way.</summary>
    internal IReadOnlyDictionary<string, WeightsLayout> Layouts { get; init; } = new Dictionary<string, WeightsLayout>();

    /// <summary>The networks by their published names.</summary>
    internal IEnumerable<(string Name, nn.Module Network)> Networks => new (string, nn.Module?)[]
    {
        ("unet", UNet), ("vae", StoredAutoencoder), ("text_encoder", TextEncoder), ("text_encoder_2", TextEncoder2),
    }.Where(part => part.Item2 is not null).Select(part => (part.Item1, part.Item2!)).Concat(ControlNets.Select((network, i) => (DiffusersNames.ControlNet(i), (nn.Module)network)));

    /// <summary>Disposes the networks.</summary>
    public void Dispose()
    {
        foreach ((_, nn.Module network) in Networks) network.Dispose();
    }
}
