using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace LatentDiffusion.Checkpoints;

/// <summary>Shared by the block formats: converts 16 codes at a time to 16 values.</summary>
internal static class BlockCodes
{
    public static readonly Vector128<byte> LowNibble = Vector128.Create((byte)0x0f);

    /// <summary>A float16 as float32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Half(ReadOnlySpan<byte> bytes) =>
        (float)BitConverter.UInt16BitsToHalf(BinaryPrimitives.ReadUInt16LittleEndian(bytes));

    /// <summary>Stores a scale as float16.</summary>
    /// <returns>The stored value.</returns>
    public static float StoreHalf(float value, Span<byte> bytes)
    {
        // The largest scale that a float16 can hold: beyond it the blocks would hold infinities.
        var half = (Half)Math.Clamp(value, -(float)System.Half.MaxValue, (float)System.Half.MaxValue);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, BitConverter.HalfToUInt16Bits(half));
        return (float)half;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Load(ReadOnlySpan<byte> bytes) => Vector128.Create(bytes[..16]);

    /// <summary>Bit number <paramref name="first"/> + i of a word as code i, at the place of a value's fifth bit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> FifthBits(uint word, int first)
    {
        Vector128<byte> two = Vector128.Create((ushort)(word >> first)).AsByte();
        Vector128<byte> spread = Vector128.Shuffle(two, Vector128.Create((byte)0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1));
        Vector128<byte> bit = Vector128.Create((byte)1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128);
        return Vector128.Equals(spread & bit, bit) & Vector128.Create((byte)0x10);
    }

    /// <summary>Stores code · scale.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scale(Vector128<sbyte> codes, float scale, Span<float> values)
    {
        (Vector128<int> a, Vector128<int> b, Vector128<int> c, Vector128<int> d) = Widen(codes);
        Vector128<float> factor = Vector128.Create(scale);
        ref float target = ref MemoryMarshal.GetReference(values[..16]);
        (Vector128.ConvertToSingle(a) * factor).StoreUnsafe(ref target);
        (Vector128.ConvertToSingle(b) * factor).StoreUnsafe(ref target, 4);
        (Vector128.ConvertToSingle(c) * factor).StoreUnsafe(ref target, 8);
        (Vector128.ConvertToSingle(d) * factor).StoreUnsafe(ref target, 12);
    }

    /// <summary>Stores code · scale + offset, rounded twice.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scale(Vector128<byte> codes, float scale, float offset, Span<float> values)
    {
        (Vector128<int> a, Vector128<int> b, Vector128<int> c, Vector128<int> d) = Widen(codes.AsSByte());
        Vector128<float> factor = Vector128.Create(scale), summand = Vector128.Create(offset);
        ref float target = ref MemoryMarshal.GetReference(values[..16]);
        (Vector128.ConvertToSingle(a) * factor + summand).StoreUnsafe(ref target);
        (Vector128.ConvertToSingle(b) * factor + summand).StoreUnsafe(ref target, 4);
        (Vector128.ConvertToSingle(c) * factor + summand).StoreUnsafe(ref target, 8);
        (Vector128.ConvertToSingle(d) * factor + summand).StoreUnsafe(ref target, 12);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector128<int> A, Vector128<int> B, Vector128<int> C, Vector128<int> D) Widen(Vector128<sbyte> codes)
    {
        (Vector128<short> low, Vector128<short> high) = Vector128.Widen(codes);
        (Vector128<int> a, Vector128<int> b) = Vector128.Widen(low);
        (Vector128<int> c, Vector128<int> d) = Vector128.Widen(high);
        return (a, b, c, d);
    }
}
