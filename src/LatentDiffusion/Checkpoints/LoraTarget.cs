using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>A network that LoRA files may patch.</summary>
/// <param name="Naming">Names of the network in LoRA files: see <see cref="ModelFamily.Lora"/>.</param>
/// <param name="Shapes">Shape of each of its parameters, by published name.</param>
internal sealed record LoraTarget(LoraComponent Naming, IReadOnlyDictionary<string, IReadOnlyList<long>> Shapes)
{
    /// <summary>Name of the network in a pipeline, for example <c>unet</c>.</summary>
    public string Component => Naming.Name;

    /// <summary>Describes a network by its parameters.</summary>
    /// <param name="naming">Names of the network in LoRA files.</param>
    /// <param name="parameters">The network's parameters by published name.</param>
    public static LoraTarget Create(LoraComponent naming, IEnumerable<KeyValuePair<string, Tensor>> parameters)
    {
        ArgumentNullException.ThrowIfNull(naming);
        ArgumentNullException.ThrowIfNull(parameters);
        return new LoraTarget(naming, parameters.ToDictionary(p => p.Key, p => (IReadOnlyList<long>)p.Value.shape));
    }
}
