using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// One of the few names that a checkpoint may refer to. They are looked up here and nowhere else: whatever a file asks
/// for, no code is found by its name and none is run.
/// </summary>
/// <param name="Name">Module and name, as Python writes them.</param>
/// <param name="Role">What calling it gives.</param>
/// <param name="Type">How a storage's values are stored; null for what is no storage.</param>
internal sealed record PickleGlobal(string Name, PickleGlobal.Kind Role, StoredType? Type = null)
{
    private static readonly Dictionary<string, PickleGlobal> s_known = new PickleGlobal[]
    {
        new("collections.OrderedDict", Kind.Dictionary),
        new("torch.Size", Kind.Size),
        new("torch._utils._rebuild_tensor", Kind.Tensor),
        new("torch._utils._rebuild_tensor_v2", Kind.Tensor),
        new("torch._utils._rebuild_parameter", Kind.Parameter),
        new("torch.DoubleStorage", Kind.Storage, StoredType.Of(ScalarType.Float64)),
        new("torch.FloatStorage", Kind.Storage, StoredType.Of(ScalarType.Float32)),
        new("torch.HalfStorage", Kind.Storage, StoredType.Of(ScalarType.Float16)),
        new("torch.BFloat16Storage", Kind.Storage, StoredType.Of(ScalarType.BFloat16)),
        new("torch.LongStorage", Kind.Storage, StoredType.Of(ScalarType.Int64)),
        new("torch.IntStorage", Kind.Storage, StoredType.Of(ScalarType.Int32)),
        new("torch.ShortStorage", Kind.Storage, StoredType.Of(ScalarType.Int16)),
        new("torch.CharStorage", Kind.Storage, StoredType.Of(ScalarType.Int8)),
        new("torch.ByteStorage", Kind.Storage, StoredType.Of(ScalarType.Byte)),
        new("torch.BoolStorage", Kind.Storage, StoredType.Of(ScalarType.Bool)),
        new("torch.ComplexFloatStorage", Kind.Storage, StoredType.Of(ScalarType.ComplexFloat32)),
        new("torch.ComplexDoubleStorage", Kind.Storage, StoredType.Of(ScalarType.ComplexFloat64)),
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
