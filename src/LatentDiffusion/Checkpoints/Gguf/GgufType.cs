using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// How a GGUF file stores the values of a tensor: one by one, or in blocks of few bits per value with shared scales. The names are
/// those of ggml, where the types come from.
/// </summary>
public sealed class GgufType
{
    private GgufType(string name, int code, ScalarType type, int blockElements, int blockBytes) =>
        (Name, Code, Type, BlockElements, BlockBytes) = (name, code, type, blockElements, blockBytes);

    /// <summary>32-bit floating point.</summary>
    public static GgufType F32 { get; } = new("F32", 0, ScalarType.Float32, 1, 4);

    /// <summary>16-bit floating point with five exponent bits.</summary>
    public static GgufType F16 { get; } = new("F16", 1, ScalarType.Float16, 1, 2);

    /// <summary>16-bit floating point with eight exponent bits.</summary>
    public static GgufType BF16 { get; } = new("BF16", 30, ScalarType.BFloat16, 1, 2);

    /// <summary>4 bits and one scale per 32 values.</summary>
    public static GgufType Q4_0 { get; } =
        new("Q4_0", 2, ScalarType.Float32, 32, 18) { Expand = BlocksQ4_0.Expand, Quantize = BlocksQ4_0.Quantize };

    /// <summary>4 bits, one scale and one minimum per 32 values.</summary>
    public static GgufType Q4_1 { get; } =
        new("Q4_1", 3, ScalarType.Float32, 32, 20) { Expand = BlocksQ4_1.Expand, Quantize = BlocksQ4_1.Quantize };

    /// <summary>5 bits and one scale per 32 values.</summary>
    public static GgufType Q5_0 { get; } =
        new("Q5_0", 6, ScalarType.Float32, 32, 22) { Expand = BlocksQ5_0.Expand, Quantize = BlocksQ5_0.Quantize };

    /// <summary>5 bits, one scale and one minimum per 32 values.</summary>
    public static GgufType Q5_1 { get; } =
        new("Q5_1", 7, ScalarType.Float32, 32, 24) { Expand = BlocksQ5_1.Expand, Quantize = BlocksQ5_1.Quantize };

    /// <summary>8 bits and one scale per 32 values.</summary>
    public static GgufType Q8_0 { get; } =
        new("Q8_0", 8, ScalarType.Float32, 32, 34) { Expand = BlocksQ8_0.Expand, Quantize = BlocksQ8_0.Quantize };

    /// <summary>2 bits; 4-bit scales and minima per 16 values in blocks of 256. Read only.</summary>
    public static GgufType Q2_K { get; } = new("Q2_K", 10, ScalarType.Float32, 256, 84) { Expand = BlocksQ2_K.Expand };

    /// <summary>3 bits; 6-bit scales per 16 values in blocks of 256. Read only.</summary>
    public static GgufType Q3_K { get; } = new("Q3_K", 11, ScalarType.Float32, 256, 110) { Expand = BlocksQ3_K.Expand };

    /// <summary>4 bits; 6-bit scales and minima per 32 values in blocks of 256.</summary>
    public static GgufType Q4_K { get; } =
        new("Q4_K", 12, ScalarType.Float32, 256, 144) { Expand = BlocksQ4_K.Expand, Quantize = BlocksQ4_K.Quantize };

    /// <summary>5 bits; 6-bit scales and minima per 32 values in blocks of 256.</summary>
    public static GgufType Q5_K { get; } =
        new("Q5_K", 13, ScalarType.Float32, 256, 176) { Expand = BlocksQ5_K.Expand, Quantize = BlocksQ5_K.Quantize };

    /// <summary>6 bits; 8-bit scales per 16 values in blocks of 256.</summary>
    public static GgufType Q6_K { get; } =
        new("Q6_K", 14, ScalarType.Float32, 256, 210) { Expand = BlocksQ6_K.Expand, Quantize = BlocksQ6_K.Quantize };

    /// <summary>4 bits that choose from 16 unequally spaced values, and one scale per 32 values. Read only.</summary>
    public static GgufType IQ4_NL { get; } = new("IQ4_NL", 20, ScalarType.Float32, 32, 18) { Expand = BlocksIQ4_NL.Expand };

    /// <summary>The same with 6-bit scales per 32 values in blocks of 256. Read only.</summary>
    public static GgufType IQ4_XS { get; } = new("IQ4_XS", 23, ScalarType.Float32, 256, 136) { Expand = BlocksIQ4_XS.Expand };

    /// <summary>8-bit integers.</summary>
    public static GgufType I8 { get; } = new("I8", 24, ScalarType.Int8, 1, 1);

    /// <summary>16-bit integers.</summary>
    public static GgufType I16 { get; } = new("I16", 25, ScalarType.Int16, 1, 2);

    /// <summary>32-bit integers.</summary>
    public static GgufType I32 { get; } = new("I32", 26, ScalarType.Int32, 1, 4);

    /// <summary>64-bit integers.</summary>
    public static GgufType I64 { get; } = new("I64", 27, ScalarType.Int64, 1, 8);

    /// <summary>64-bit floating point.</summary>
    public static GgufType F64 { get; } = new("F64", 28, ScalarType.Float64, 1, 8);

    /// <summary>Every type that can be read.</summary>
    public static IReadOnlyList<GgufType> All { get; } =
    [
        F32, F16, BF16, F64, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS, I8, I16, I32, I64,
    ];

    /// <summary>Name in ggml, for example <c>Q4_K</c>.</summary>
    public string Name { get; }

    /// <summary>Number of the type in files.</summary>
    public int Code { get; }

    /// <summary>Values per block; 1 for types without blocks. The rows of a tensor (its last dimension) consist of whole blocks.</summary>
    public int BlockElements { get; }

    /// <summary>Bytes per block.</summary>
    public int BlockBytes { get; }

    /// <summary>Whether values are rounded to fewer bits, which share a scale.</summary>
    public bool IsQuantized => Expand is not null;

    /// <summary>Whether <see cref="GgufWriter"/> can write the type.</summary>
    public bool CanBeWritten => !IsQuantized || Quantize is not null;

    /// <summary>Type of the values in memory; float32 for blocks, which are expanded when they are read.</summary>
    internal ScalarType Type { get; }

    /// <summary>How the readers see the type.</summary>
    internal StoredType Stored => field ??=
        Expand is null ? StoredType.FromScalarType(Type) : new StoredType(Name, Type, BlockBytes) { Blocks = this };

    /// <summary>Computes the values of whole blocks; null for types without blocks.</summary>
    internal BlockExpander? Expand { get; private init; }

    /// <summary>Rounds values to whole blocks; null for types without blocks or without a quantiser.</summary>
    internal BlockQuantizer? Quantize { get; private init; }

    /// <summary>Finds a type by its number in files; null if it is not known.</summary>
    internal static GgufType? Find(uint code) => All.FirstOrDefault(type => type.Code == code);

    /// <summary>Bytes of some values, which fill whole blocks.</summary>
    internal long BytesOf(long elements) => elements / BlockElements * BlockBytes;

    /// <inheritdoc/>
    public override string ToString() => Name;
}
