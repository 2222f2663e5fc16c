using System.Runtime.Intrinsics;

namespace LatentDiffusion.Checkpoints;

/// <summary>Blocks of 32: a float16 scale, then signed bytes.</summary>
internal static class BlocksQ8_0
{
    private const int Elements = 32, Bytes = 34, Highest = 127;

    public static void Expand(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (; blocks.Length >= Bytes; blocks = blocks[Bytes..], values = values[Elements..])
        {
            float scale = BlockCodes.Half(blocks);
            BlockCodes.Scale(BlockCodes.Load(blocks[2..]).AsSByte(), scale, values);
            BlockCodes.Scale(BlockCodes.Load(blocks[18..]).AsSByte(), scale, values[16..]);
        }
    }

    public static void Quantize(ReadOnlySpan<float> values, Span<byte> blocks)
    {
        Span<byte> codes = stackalloc byte[Elements];
        for (; blocks.Length >= Bytes; blocks = blocks[Bytes..], values = values[Elements..])
        {
            float scale = BlockCodes.StoreHalf(BlockScales.Signed(values[..Elements], -Highest, Highest), blocks);
            BlockScales.Round(values[..Elements], scale, 0, -Highest, Highest, codes);
            for (int i = 0; i < Elements; i++) blocks[2 + i] = (byte)(codes[i] - Highest);
        }
    }
}
