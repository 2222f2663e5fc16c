using System.Runtime.Intrinsics;

namespace LatentDiffusion.Checkpoints;

/// <summary>Blocks of 32: a float16 scale, then codes −8 to 7 as nibbles, the first half of the values in the low ones.</summary>
internal static class BlocksQ4_0
{
    private const int Elements = 32, Bytes = 18, Lowest = -8, Highest = 7;

    public static void Expand(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        Vector128<sbyte> zero = Vector128.Create((sbyte)Lowest);
        for (; blocks.Length >= Bytes; blocks = blocks[Bytes..], values = values[Elements..])
        {
            float scale = BlockCodes.Half(blocks);
            Vector128<byte> codes = BlockCodes.Load(blocks[2..]);
            BlockCodes.Scale((codes & BlockCodes.LowNibble).AsSByte() + zero, scale, values);
            BlockCodes.Scale((codes >>> 4).AsSByte() + zero, scale, values[16..]);
        }
    }

    public static void Quantize(ReadOnlySpan<float> values, Span<byte> blocks)
    {
        Span<byte> codes = stackalloc byte[Elements];
        for (; blocks.Length >= Bytes; blocks = blocks[Bytes..], values = values[Elements..])
        {
            float scale = BlockCodes.StoreHalf(BlockScales.Signed(values[..Elements], Lowest, Highest), blocks);
            BlockScales.Round(values[..Elements], scale, 0, Lowest, Highest, codes);
            for (int i = 0; i < 16; i++) blocks[2 + i] = (byte)(codes[i] | codes[i + 16] << 4);
        }
    }
}
