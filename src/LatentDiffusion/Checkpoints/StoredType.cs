using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>How a file stores the values of a tensor.</summary>
/// <param name="Name">Name in the safetensors format; null if the format does not have the type.</param>
/// <param name="Type">Type of the values in memory: the stored type, or the type that they are widened to.</param>
/// <param name="Size">Bytes of a stored value, or of a block of them.</param>
/// <param name="Codes">The value of each stored byte, if values are widened while they are read; null otherwise.</param>
internal sealed record StoredType(string? Name, ScalarType Type, int Size, float[]? Codes = null)
{
    /// <summary>
    /// The types that are read and written without conversion, ranked as in the reference implementation: files list the
    /// highest rank first, so that every tensor is aligned to its element size.
    /// </summary>
    private static readonly StoredType[] s_ranked =
    [
        new("BOOL", ScalarType.Bool, 1),
        new("U8", ScalarType.Byte, 1),
        new("I8", ScalarType.Int8, 1),
        new("I16", ScalarType.Int16, 2),
        new("F16", ScalarType.Float16, 2),
        new("BF16", ScalarType.BFloat16, 2),
        new("I32", ScalarType.Int32, 4),
        new("F32", ScalarType.Float32, 4),
        new("C64", ScalarType.ComplexFloat32, 8),
        new("F64", ScalarType.Float64, 8),
        new("I64", ScalarType.Int64, 8),
    ];

    private static readonly StoredType s_complexDouble = new(null, ScalarType.ComplexFloat64, 16);

    /// <summary>float8 with four exponent bits and no infinities (<c>float8_e4m3fn</c>).</summary>
    public static StoredType Float8E4M3 { get; } = new("F8_E4M3", ScalarType.Float32, 1, Float8.E4M3);

    /// <summary>float8 with five exponent bits (<c>float8_e5m2</c>).</summary>
    public static StoredType Float8E5M2 { get; } = new("F8_E5M2", ScalarType.Float32, 1, Float8.E5M2);

    /// <summary>Names of the types that can be read, joined for messages.</summary>
    public static string Names { get; } = string.Join(", ", Readable.Select(type => type.Name));

    /// <summary>The blocks, if values are expanded from blocks while they are read; null (default) otherwise.</summary>
    public GgufType? Blocks { get; init; }

    /// <summary>Whether values change their form while they are read.</summary>
    public bool IsExpanded => Codes is not null || Blocks is not null;

    /// <summary>Rank among the types that can be written.</summary>
    public int Rank => Array.IndexOf(s_ranked, this);

    private static IEnumerable<StoredType> Readable => s_ranked.Append(Float8E4M3).Append(Float8E5M2);

    /// <summary>Bytes of some stored values; where they are stored in blocks, of as many whole blocks.</summary>
    public long BytesOf(long elements) => Blocks is { } blocks ? blocks.BytesOf(elements) : elements * Size;

    /// <summary>Finds a type by its name in the safetensors format; null if the name is not known.</summary>
    public static StoredType? Find(string name) => Readable.FirstOrDefault(type => type.Name == name);

    /// <summary>The storage of values without conversion.</summary>
    /// <exception cref="NotSupportedException">No file format here stores such values.</exception>
    public static StoredType FromScalarType(ScalarType type) =>
        type == ScalarType.ComplexFloat64 ? s_complexDouble : Writable(type);

    /// <summary>The storage of values in the safetensors format.</summary>
    /// <exception cref="NotSupportedException">The format does not support the type.</exception>
    public static StoredType Writable(ScalarType type) => Array.Find(s_ranked, stored => stored.Type == type)
        ?? throw new NotSupportedException(
            $"safetensors cannot hold {type}; it can hold {string.Join(", ", s_ranked.Select(t => t.Name))}.");
}
