using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// A name that a checkpoint refers to. The known names are listed here and nowhere else, and every other one is only a
/// name: no code is found by its name and none is run, whichever names a file has.
/// </summary>
/// <param name="Name">Module and name, as Python writes them.</param>
/// <param name="Role">The kind of object that calling it creates.</param>
/// <param name="Type">How values are stored that it names the type of; null for all others.</param>
internal sealed record PickleGlobal(string Name, PickleGlobal.Kind Role, StoredType? Type = null)
{
    private static readonly Dictionary<string, PickleGlobal> s_known = new PickleGlobal[]
    {
        new("collections.OrderedDict", Kind.Dictionary),
        new("torch.Size", Kind.Size),
        new("torch._utils._rebuild_tensor", Kind.Tensor),
        new("torch._utils._rebuild_tensor_v2", Kind.Tensor),
        new("torch._utils._rebuild_tensor_v3", Kind.TypedTensor),
        new("torch._utils._rebuild_parameter", Kind.Parameter),
        new("torch._utils._rebuild_parameter_with_state", Kind.Parameter),
        new("torch._tensor._rebuild_from_type_v2", Kind.Subclass),
        new("torch.DoubleStorage", Kind.Storage, StoredType.FromScalarType(ScalarType.Float64)),
        new("torch.FloatStorage", Kind.Storage, StoredType.FromScalarType(ScalarType.Float32)),
        new("torch.HalfStorage", Kind.Storage, StoredType.FromScalarType(ScalarType.Float16)),
        new("torch.BFloat16Storage", Kind.Storage, StoredType.FromScalarType(ScalarType.BFloat16)),
        new("torch.LongStorage", Kind.Storage, StoredType.FromScalarType(ScalarType.Int64)),
        new("torch.IntStorage", Kind.Storage, StoredType.FromScalarType(ScalarType.Int32)),
        new("torch.ShortStorage", Kind.Storage, StoredType.FromScalarType(ScalarType.Int16)),
        new("torch.CharStorage", Kind.Storage, StoredType.FromScalarType(ScalarType.Int8)),
        new("torch.ByteStorage", Kind.Storage, StoredType.FromScalarType(ScalarType.Byte)),
        new("torch.UntypedStorage", Kind.Storage, StoredType.FromScalarType(ScalarType.Byte)),
        new("torch.storage.UntypedStorage", Kind.Storage, StoredType.FromScalarType(ScalarType.Byte)),
        new("torch.BoolStorage", Kind.Storage, StoredType.FromScalarType(ScalarType.Bool)),
        new("torch.ComplexFloatStorage", Kind.Storage, StoredType.FromScalarType(ScalarType.ComplexFloat32)),
        new("torch.ComplexDoubleStorage", Kind.Storage, StoredType.FromScalarType(ScalarType.ComplexFloat64)),
        new("torch.float8_e4m3fn", Kind.DataType, StoredType.Float8E4M3),
        new("torch.float8_e5m2", Kind.DataType, StoredType.Float8E5M2),
    }.ToDictionary(g => g.Name);

    /// <summary>Maximum characters of module and name together.</summary>
    private const int LongestName = 400;

    /// <summary>Result of calling a global.</summary>
    public enum Kind
    {
        /// <summary>A dictionary.</summary>
        Dictionary,

        /// <summary>A tuple of sizes.</summary>
        Size,

        /// <summary>A tensor over a storage of its type.</summary>
        Tensor,

        /// <summary>A tensor over a storage of bytes, whose type is given.</summary>
        TypedTensor,

        /// <summary>The tensor in its arguments.</summary>
        Parameter,

        /// <summary>The result of another global, as a subclass of it.</summary>
        Subclass,

        /// <summary>Nothing: it names the type of a storage.</summary>
        Storage,

        /// <summary>Nothing: it names the type of a tensor.</summary>
        DataType,

        /// <summary>A placeholder: the name is not known.</summary>
        Unknown,
    }

    /// <summary>Finds a global by its name.</summary>
    /// <exception cref="FormatException">The name is too long, or runs code in Python.</exception>
    public static PickleGlobal Find(string module, string name)
    {
        // A pickle may refer to the same texts many times over, and each time they are joined.
        if (module.Length + name.Length > LongestName)
            throw new FormatException($"The pickle has a global whose name is longer than {LongestName} characters.");
        string full = $"{module}.{name}";
        if (CodeGlobals.Contains(module, name))
        {
            throw new FormatException(
                $"It refers to '{full}', by which Python runs code or reaches other files. Nothing of it was executed here; "
                + "do not load the file elsewhere.");
        }

        return s_known.TryGetValue(full, out PickleGlobal? known) ? known : new PickleGlobal(full, Kind.Unknown);
    }
}
