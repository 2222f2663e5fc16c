using System.Buffers.Binary;
using System.Runtime.Intrinsics;

namespace LatentDiffusion.Checkpoints;

/// <summary>Blocks of 32: a float16 scale, the fifth bits of all codes, then their nibbles; codes −16 to 15.</summary>
internal static class BlocksQ5_0
{
    private const int Elements = 32, Bytes = 22, Lowest = -16, Highest = 15;

    public static void Expand(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        Vector128<sbyte> zero = Vector128.Create((sbyte)Lowest);
        for (; blocks.Length >= Bytes; blocks = blocks[Bytes..], values = values[Elements..])
        {
            float scale = BlockCodes.Half(blocks);
            uint fifth = BinaryPrimitives.ReadUInt32LittleEndian(blocks[2..]);
            Vector128<byte> codes = BlockCodes.Load(blocks[6..]);
            BlockCodes.Scale(((codes & BlockCodes.LowNibble) | BlockCodes.FifthBits(fifth, 0)).AsSByte() + zero, scale, values);
            BlockCodes.Scale(((codes >>> 4) | BlockCodes.FifthBits(fifth, 16)).AsSByte() + zero, scale, values[16..]);
        }
    }

    public static void Quantize(ReadOnlySpan<float> values, Span<byte> blocks)
    {
        Span<byte> codes = stackalloc byte[Elements];
        for (; blocks.Length >= Bytes; blocks = blocks[Bytes..], values = values[Elements..])
        {
            float scale = BlockCodes.StoreHalf(BlockScales.Signed(values[..Elements], Lowest, Highest), blocks);
            BlockScales.Round(values[..Elements], scale, 0, Lowest, Highest, codes);
            StoreFiveBits(codes, blocks[2..]);
        }
    }

    /// <summary>Stores the fifth bits of 32 codes, then their nibbles.</summary>
    public static void StoreFiveBits(ReadOnlySpan<byte> codes, Span<byte> bytes)
    {
        uint fifth = 0;
        for (int i = 0; i < Elements; i++) fifth |= (uint)(codes[i] >> 4) << i;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, fifth);
        for (int i = 0; i < 16; i++) bytes[4 + i] = (byte)((codes[i] & 15) | codes[i + 16] << 4);
    }
}
