using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// One of the few names that a checkpoint may refer to. They are looked up here and nowhere else: whatever a file asks
/// for, no code is found by its name and none is run.
/// </summary>
/// <param name="Name">Module and name, as Python writes them.</param>
/// <param name="Role">What calling it gives.</param>
/// <param name="DataType">Data type of a storage's values.</param>
internal sealed record PickleGlobal(string Name, PickleGlobal.Kind Role, ScalarType DataType = default)
{
    private static readonly Dictionary<string, PickleGlobal> s_known = new PickleGlobal[]
    {
        new("collections.OrderedDict", Kind.Dictionary),
        new("torch.Size", Kind.Size),
        new("torch._utils._rebuild_tensor", Kind.Tensor),
        new("torch._utils._rebuild_tensor_v2", Kind.Tensor),
        new("torch._utils._rebuild_parameter", Kind.Parameter),
        new("torch.DoubleStorage", Kind.Storage, ScalarType.Float64),
        new("torch.FloatStorage", Kind.Storage, ScalarType.Float32),
        new("torch.HalfStorage", Kind.Storage, ScalarType.Float16),
        new("torch.BFloat16Storage", Kind.Storage, ScalarType.BFloat16),
        new("torch.LongStorage", Kind.Storage, ScalarType.Int64),
        new("torch.IntStorage", Kind.Storage, ScalarType.Int32),
        new("torch.ShortStorage", Kind.Storage, ScalarType.Int16),
        new("torch.CharStorage", Kind.Storage, ScalarType.Int8),
        new("torch.ByteStorage", Kind.Storage, ScalarType.Byte),
        new("torch.BoolStorage", Kind.Storage, ScalarType.Bool),
        new("torch.ComplexFloatStorage", Kind.Storage, ScalarType.ComplexFloat32),
        new("torch.ComplexDoubleStorage", Kind.Storage, ScalarType.ComplexFloat64),
    }.ToDictionary(g => g.Name);

    /// <summary>What calling a global gives.</summary>
    public enum Kind
    {
        /// <summary>A dictionary.</summary>
        Dictionary,

        /// <summary>A tuple of sizes.</summary>
        Size,

        /// <summary>A tensor over a storage.</summary>
        Tensor,

        /// <summary>The tensor it is given.</summary>
        Parameter,

        /// <summary>Nothing: it names the type of a storage.</summary>
        Storage,
    }

    /// <summary>Finds a global.</summary>
    /// <exception cref="FormatException">It is none of the known ones.</exception>
    public static PickleGlobal Find(string module, string name) =>
        s_known.TryGetValue($"{module}.{name}", out PickleGlobal? known)
            ? known
            : throw new FormatException(
                $"It refers to '{module}.{name}'. Only tensors and plain containers are read, and nothing is ever executed; "
                + "convert the file to safetensors where it comes from.");
}
