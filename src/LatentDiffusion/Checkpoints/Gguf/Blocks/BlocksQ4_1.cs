using System.Runtime.Intrinsics;

namespace LatentDiffusion.Checkpoints;

/// <summary>Blocks of 32: a float16 scale and minimum, then codes 0 to 15 as nibbles.</summary>
internal static class BlocksQ4_1
{
    private const int Elements = 32, Bytes = 20, Highest = 15;

    public static void Expand(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (; blocks.Length >= Bytes; blocks = blocks[Bytes..], values = values[Elements..])
        {
            float scale = BlockCodes.Half(blocks), minimum = BlockCodes.Half(blocks[2..]);
            Vector128<byte> codes = BlockCodes.Load(blocks[4..]);
            BlockCodes.Scale(codes & BlockCodes.LowNibble, scale, minimum, values);
            BlockCodes.Scale(codes >>> 4, scale, minimum, values[16..]);
        }
    }

    public static void Quantize(ReadOnlySpan<float> values, Span<byte> blocks)
    {
        Span<byte> codes = stackalloc byte[Elements];
        for (; blocks.Length >= Bytes; blocks = blocks[Bytes..], values = values[Elements..])
        {
            BlockScales.RoundFromMinimum(values[..Elements], Highest, blocks, codes);
            for (int i = 0; i < 16; i++) blocks[4 + i] = (byte)(codes[i] | codes[i + 16] << 4);
        }
    }
}
