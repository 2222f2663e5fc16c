using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>Names of the tensors of written LoRA files.</summary>
/// <param name="layout">The layout.</param>
/// <param name="hasTwoTextEncoders">Whether the model has a second text encoder: kohya then numbers the first.</param>
internal sealed class LoraNames(LoraLayout layout, bool hasTwoTextEncoders)
{
    /// <summary>The tensors of a layer's adapter.</summary>
    /// <param name="component">The network.</param>
    /// <param name="layer">Published name of the layer.</param>
    /// <param name="down">[rank, in, …].</param>
    /// <param name="up">[out, rank, …].</param>
    /// <param name="alpha">Strength, a number; written in kohya's layout.</param>
    public IEnumerable<(string Name, Tensor Tensor)> Tensors(LoraComponent component, string layer, Tensor down, Tensor up, Tensor alpha)
    {
        if (layout == LoraLayout.Peft)
            return [($"{component.Name}.{layer}.lora_A.weight", down), ($"{component.Name}.{layer}.lora_B.weight", up)];
        string module = Prefix(component) + layer.Replace('.', '_');
        return [($"{module}.lora_down.weight", down), ($"{module}.lora_up.weight", up), ($"{module}.alpha", alpha)];
    }

    private string Prefix(LoraComponent component)
    {
        string[] prefixes = [.. component.Prefixes.Where(prefix => prefix.StartsWith("lora_", StringComparison.Ordinal))];
        // lora_te_ and lora_te1_ are of one text encoder; transformers' lora_unet_ is for the original names of modules.
        string? chosen = component.IsTextEncoder && !hasTwoTextEncoders
            ? prefixes.FirstOrDefault()
            : prefixes.LastOrDefault();
        return chosen ?? throw new NotSupportedException($"kohya's layout has no name for the {component.Name}.");
    }
}
