using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// The data types of the safetensors format that a tensor here can hold, in the order in which the reference
/// implementation ranks them: files list the highest rank first, so that every tensor is aligned to its element.
/// </summary>
internal static class SafetensorsDataType
{
    private static readonly (string Name, ScalarType Type, int Size)[] s_ranked =
    [
        ("BOOL", ScalarType.Bool, 1),
        ("U8", ScalarType.Byte, 1),
        ("I8", ScalarType.Int8, 1),
        ("I16", ScalarType.Int16, 2),
        ("F16", ScalarType.Float16, 2),
        ("BF16", ScalarType.BFloat16, 2),
        ("I32", ScalarType.Int32, 4),
        ("F32", ScalarType.Float32, 4),
        ("C64", ScalarType.ComplexFloat32, 8),
        ("F64", ScalarType.Float64, 8),
        ("I64", ScalarType.Int64, 8),
    ];

    /// <summary>Names joined for messages.</summary>
    public static string Names { get; } = string.Join(", ", s_ranked.Select(row => row.Name));

    /// <summary>Finds a type by the format's name for it.</summary>
    public static bool TryParse(string name, out ScalarType type, out int size)
    {
        int rank = Array.FindIndex(s_ranked, row => row.Name == name);
        (type, size) = rank < 0 ? default : (s_ranked[rank].Type, s_ranked[rank].Size);
        return rank >= 0;
    }

    /// <summary>Rank, name and bytes an element of a type.</summary>
    /// <exception cref="NotSupportedException">The format has no name for the type.</exception>
    public static (int Rank, string Name, int Size) Describe(ScalarType type)
    {
        int rank = Array.FindIndex(s_ranked, row => row.Type == type);
        return rank < 0
            ? throw new NotSupportedException($"safetensors cannot hold {type}; it can hold {Names}.")
            : (rank, s_ranked[rank].Name, s_ranked[rank].Size);
    }
}
