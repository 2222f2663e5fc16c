using System.Collections.ObjectModel;

namespace LatentDiffusion.Metadata;

/// <summary>
/// The text in which Stable Diffusion web UI stores the settings of an image, entry <c>parameters</c> of its PNG files: the prompt, after
/// <c>Negative prompt:</c> the negative one, and on the last line the settings. SD.Next, Forge and many others write it too.
/// </summary>
public sealed partial record WebUIParameters
{
    /// <summary>The prompt; it may have several lines.</summary>
    public required string Prompt { get; init; }

    /// <summary>The negative prompt. Default empty.</summary>
    public string NegativePrompt { get; init; } = "";

    /// <summary><c>Steps</c>: sampling steps.</summary>
    public int? Steps { get; init; }

    /// <summary><c>Sampler</c>, for example <c>DPM++ 2M</c>; in texts of versions before 1.9 with the schedule at its end.</summary>
    public string? Sampler { get; init; }

    /// <summary><c>Schedule type</c>, for example <c>Karras</c>.</summary>
    public string? ScheduleType { get; init; }

    /// <summary><c>CFG scale</c>: the guidance scale.</summary>
    public double? CfgScale { get; init; }

    /// <summary><c>Seed</c>.</summary>
    public ulong? Seed { get; init; }

    /// <summary><c>Size</c>: width in pixels, with hires fix of the first pass.</summary>
    public int? Width { get; init; }

    /// <summary><c>Size</c>: height in pixels, with hires fix of the first pass.</summary>
    public int? Height { get; init; }

    /// <summary><c>Model hash</c>: <see cref="ModelHash.Short"/>, or in old texts <see cref="ModelHash.Legacy"/>.</summary>
    public string? ModelHash { get; init; }

    /// <summary><c>Model</c>: name of the model's file without its extension.</summary>
    public string? Model { get; init; }

    /// <summary><c>VAE hash</c>.</summary>
    public string? VaeHash { get; init; }

    /// <summary><c>VAE</c>: name of a separate autoencoder.</summary>
    public string? Vae { get; init; }

    /// <summary><c>Variation seed</c>.</summary>
    public ulong? VariationSeed { get; init; }

    /// <summary><c>Variation seed strength</c>, 0 to 1.</summary>
    public double? VariationSeedStrength { get; init; }

    /// <summary><c>Denoising strength</c> of hires fix or, without it, of an initial image, 0 to 1.</summary>
    public double? DenoisingStrength { get; init; }

    /// <summary><c>Clip skip</c>, 1 for the last layer.</summary>
    public int? ClipSkip { get; init; }

    /// <summary><c>ENSD</c>: offset that is added to the seed for the noise of ancestral samplers.</summary>
    public long? Ensd { get; init; }

    /// <summary><c>Mask blur</c> in pixels.</summary>
    public double? MaskBlur { get; init; }

    /// <summary><c>Eta</c> of the sampler.</summary>
    public double? Eta { get; init; }

    /// <summary><c>Hires upscale</c>: factor of the second pass.</summary>
    public double? HiresUpscale { get; init; }

    /// <summary><c>Hires resize</c>: width of the second pass in pixels; 0 follows from the height.</summary>
    public int? HiresWidth { get; init; }

    /// <summary><c>Hires resize</c>: height of the second pass in pixels; 0 follows from the width.</summary>
    public int? HiresHeight { get; init; }

    /// <summary><c>Hires steps</c>: sampling steps of the second pass; 0 or null for as many as in the first.</summary>
    public int? HiresSteps { get; init; }

    /// <summary><c>Hires upscaler</c>, for example <c>Latent</c>.</summary>
    public string? HiresUpscaler { get; init; }

    /// <summary><c>Lora hashes</c>: the hash of each LoRA of the prompt (<see cref="ModelHash.Tensors"/>, 12 digits) by its name.</summary>
    public IReadOnlyDictionary<string, string> LoraHashes { get; init; } = ReadOnlyDictionary<string, string>.Empty;

    /// <summary><c>TI hashes</c>: the hash of each embedding of the prompt by its name.</summary>
    public IReadOnlyDictionary<string, string> TextualInversionHashes { get; init; } = ReadOnlyDictionary<string, string>.Empty;

    /// <summary><c>Version</c> of the program.</summary>
    public string? Version { get; init; }

    /// <summary>All other entries, in their order.</summary>
    public IReadOnlyDictionary<string, string> Other { get; init; } = ReadOnlyDictionary<string, string>.Empty;
}
