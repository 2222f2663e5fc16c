namespace LatentDiffusion.Models;

/// <summary>A network of a family that LoRA files patch, and how they name it and its layers.</summary>
/// <param name="Name">Its name in a pipeline, for example <c>unet</c>, with which keys of peft and diffusers begin.</param>
public sealed record LoraComponent(string Name)
{
    /// <summary>Further beginnings of keys that belong to it, for example <c>lora_unet_</c>. Default none.</summary>
    public IReadOnlyList<string> Prefixes { get; init; } = [];

    /// <summary>
    /// Layers that get an adapter in training unless <see cref="LoraTrainingOptions"/> names others: the end of a layer's
    /// published name after a dot, or all of it; <c>*</c> stands for anything. Default the projections of all attention.
    /// </summary>
    public IReadOnlyList<string> TrainedLayers { get; init; } = ["to_q", "to_k", "to_v", "to_out.0"];

    /// <summary>
    /// Whether it is a text encoder, whose layers <see cref="LoraTrainingOptions.TextEncoderTargets"/> names. Default false.
    /// </summary>
    public bool IsTextEncoder { get; init; }

    /// <summary>
    /// The published name of a module that a file names in another way, both with underscores in place of dots. Default the
    /// name as it is.
    /// </summary>
    public Func<string, string> CurrentName { get; init; } = module => module;

    /// <summary>
    /// The published names of modules that a file names as one, in the order in which their outputs follow one another in it: queries,
    /// keys and values as <c>qkv</c>. All have underscores in place of dots. Null, the default, for a module by itself.
    /// </summary>
    public Func<string, IReadOnlyList<string>?> JoinedNames { get; init; } = _ => null;

    /// <summary>The weights in the order in which some files number the modules; null, the default, where no files do.</summary>
    internal Func<LoraTarget, string[]>? Order { get; init; }
}
