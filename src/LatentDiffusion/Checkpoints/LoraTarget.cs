using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>A network that low-rank patches may be meant for.</summary>
/// <param name="Naming">How LoRA files name it: see <see cref="ModelFamily.Lora"/>.</param>
/// <param name="Shapes">Shape of each of its parameters, by published name.</param>
public sealed record LoraTarget(LoraComponent Naming, IReadOnlyDictionary<string, IReadOnlyList<long>> Shapes)
{
    /// <summary>Its name in a pipeline, for example <c>unet</c>.</summary>
    public string Component => Naming.Name;

    /// <summary>Describes a network by its parameters.</summary>
    /// <param name="naming">How LoRA files name it.</param>
    /// <param name="parameters">Its parameters by published name.</param>
    public static LoraTarget Of(LoraComponent naming, IEnumerable<KeyValuePair<string, Tensor>> parameters)
    {
        ArgumentNullException.ThrowIfNull(naming);
        ArgumentNullException.ThrowIfNull(parameters);
        return new LoraTarget(naming, parameters.ToDictionary(p => p.Key, p => (IReadOnlyList<long>)p.Value.shape));
    }
}
