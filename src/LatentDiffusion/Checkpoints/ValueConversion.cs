using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>Brings stored values into a tensor's memory, converting them on the way. All conversions are exact.</summary>
/// <param name="Stored">How the values are stored.</param>
/// <param name="Apply">
/// Converts all values of the first into the second, which has room for exactly as many; null where the bytes stay as they are.
/// </param>
internal sealed record ValueConversion(StoredType Stored, ValueConversion.Conversion? Apply)
{
    public delegate void Conversion(ReadOnlySpan<byte> stored, Span<byte> values);

    /// <summary>The conversion from a stored type to a tensor's type; null if only libtorch has it.</summary>
    public static ValueConversion? Between(StoredType stored, ScalarType values) => (stored.Type, values) switch
    {
        (ScalarType.Float32, ScalarType.Float32) when stored.Codes is { } codes =>
            new(stored, (bytes, wide) => Widen(bytes, wide, codes)),
        (ScalarType.Float32, ScalarType.Float32) when stored.Blocks is { Expand: { } expand } =>
            new(stored, (bytes, values) => expand(bytes, MemoryMarshal.Cast<byte, float>(values))),
        (ScalarType.Bool, ScalarType.Bool) => new(stored, CopyBooleans),
        _ when !stored.IsExpanded && stored.Type == values => new(stored, Apply: null),
        (ScalarType.Float16, ScalarType.Float32) => new(stored, WidenHalf),
        (ScalarType.BFloat16, ScalarType.Float32) => new(stored, WidenBFloat16),
        _ => null,
    };

    private static void Widen(ReadOnlySpan<byte> stored, Span<byte> values, float[] codes)
    {
        Span<float> wide = MemoryMarshal.Cast<byte, float>(values);
        for (int i = 0; i < stored.Length; i++) wide[i] = codes[stored[i]];
    }

    /// <summary>Maps any non-zero byte to 1: files may contain any byte as a Boolean, and libtorch's operators expect 0 and 1.</summary>
    private static void CopyBooleans(ReadOnlySpan<byte> stored, Span<byte> values)
    {
        for (int i = 0; i < stored.Length; i++) values[i] = stored[i] == 0 ? (byte)0 : (byte)1;
    }

    private static void WidenHalf(ReadOnlySpan<byte> stored, Span<byte> values) =>
        TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(stored), MemoryMarshal.Cast<byte, float>(values));

    /// <summary>Appends 16 zero bits: a bfloat16 is the upper half of a float32.</summary>
    private static void WidenBFloat16(ReadOnlySpan<byte> stored, Span<byte> values)
    {
        ReadOnlySpan<ushort> upper = MemoryMarshal.Cast<byte, ushort>(stored);
        Span<uint> wide = MemoryMarshal.Cast<byte, uint>(values);
        int i = 0;
        for (; i <= upper.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(upper[i..]), out Vector<uint> low, out Vector<uint> high);
            (low << 16).CopyTo(wide[i..]);
            (high << 16).CopyTo(wide[(i + Vector<uint>.Count)..]);
        }

        for (; i < upper.Length; i++) wide[i] = (uint)upper[i] << 16;
    }
}
