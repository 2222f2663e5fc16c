using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>One safetensors file of a component: its name, header texts, and tensors with their types.</summary>
/// <param name="Name">Name of the file.</param>
/// <param name="Metadata">The texts of its header.</param>
/// <param name="Tensors">Its tensors.</param>
internal sealed record WeightsFile(string Name, IReadOnlyDictionary<string, string> Metadata, IReadOnlyList<TensorEntry> Tensors)
{
    public static WeightsFile FromFile(SafetensorsFile file) => new(Path.GetFileName(file.Path), file.Metadata, [.. file.Entries]);

    /// <summary>Writes the file again.</summary>
    /// <param name="state">The network's tensors by their current names.</param>
    /// <param name="folder">Where to.</param>
    public void Write(IReadOnlyDictionary<string, Tensor> state, string folder)
    {
        using var scope = NewDisposeScope();
        ScalarType[] floats = [.. Tensors.Select(t => t.DataType).Where(CheckpointOptions.IsFloat).Distinct()];
        // A single type is converted to while writing, without a second copy.
        ScalarType? common = floats is [var only] ? only : null;
        var tensors = Tensors.Select(t => (DiffusersNames.CurrentName(t.Name), Value(t, state, convert: common is null)));
        SafetensorsWriter.Write(Path.Combine(folder, Name), tensors, Metadata.Count > 0 ? Metadata : null, common);
    }

    private static Tensor Value(TensorEntry stored, IReadOnlyDictionary<string, Tensor> state, bool convert)
    {
        if (stored.Name == DiffusersNames.PositionIds) return DiffusersNames.MakePositionIds(stored.Shape[^1]);
        Tensor value = state[DiffusersNames.CurrentName(stored.Name)];
        return convert ? value.to(stored.DataType) : value;
    }
}
