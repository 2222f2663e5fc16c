namespace LatentDiffusion.Models;

/// <summary>How LoRA files name text encoders, in the way of peft and diffusers and of kohya.</summary>
internal static class TextLora
{
    /// <summary>A CLIP text encoder.</summary>
    /// <param name="name">Its name in a pipeline.</param>
    /// <param name="prefixes">Beginnings of kohya's keys.</param>
    public static LoraComponent Clip(string name, params string[] prefixes) => new(name)
    {
        Prefixes = prefixes, TrainedLayers = ["q_proj", "k_proj", "v_proj", "out_proj"], IsTextEncoder = true,
        CurrentName = LdmModuleNames.Current, Order = PackedLoraOrder.ForTarget,
    };

    /// <summary>T5's encoder.</summary>
    /// <inheritdoc cref="Clip" path="/param"/>
    public static LoraComponent T5(string name, params string[] prefixes) => new(name)
    {
        Prefixes = prefixes, TrainedLayers = ["q", "k", "v", "o"], IsTextEncoder = true,
    };
}
