using System.Numerics.Tensors;
using System.Runtime.Intrinsics;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// Blocks of 256: nibbles, the upper two bits of the codes, for each 16 values a signed scale of eight bits, then a float16 scale of
/// these; codes −32 to 31. Of 128 values, runs 0 and 2 of 32 share nibbles, and so do 1 and 3; all four share the bytes of upper bits.
/// </summary>
internal static class BlocksQ6_K
{
    private const int Elements = 256, Bytes = 210, High = 128, Scales = 192, Scale = 208, Lowest = -32, Highest = 31;

    public static void Expand(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        Vector128<byte> mask = Vector128.Create((byte)3);
        Vector128<sbyte> zero = Vector128.Create((sbyte)Lowest);
        for (; blocks.Length >= Bytes; blocks = blocks[Bytes..], values = values[Elements..])
        {
            float scale = BlockCodes.Half(blocks[Scale..]);
            for (int group = 0; group < 16; group++)
            {
                // Group g of 16 values is half g%2 of run g/2%4 of the half g/8 of the block.
                int part = group / 8, run = group / 2 % 4, half = group % 2 * 16;
                Vector128<byte> nibbles = BlockCodes.Load(blocks[(part * 64 + run % 2 * 32 + half)..]);
                Vector128<byte> low = run < 2 ? nibbles & BlockCodes.LowNibble : nibbles >>> 4;
                Vector128<byte> high = ((BlockCodes.Load(blocks[(High + part * 32 + half)..]) >>> (run * 2)) & mask) << 4;
                BlockCodes.Scale((low | high).AsSByte() + zero, scale * (sbyte)blocks[Scales + group], values[(group * 16)..]);
            }
        }
    }

    public static void Quantize(ReadOnlySpan<float> values, Span<byte> blocks)
    {
        Span<float> scales = stackalloc float[16];
        Span<byte> codes = stackalloc byte[16];
        for (; blocks.Length >= Bytes; blocks = blocks[Bytes..], values = values[Elements..])
        {
            blocks[..Scales].Clear();
            for (int group = 0; group < 16; group++)
                scales[group] = BlockScales.Signed(values.Slice(group * 16, 16), Lowest, Highest);
            float scale = BlockCodes.StoreHalf(TensorPrimitives.MaxMagnitude<float>(scales) / sbyte.MaxValue, blocks[Scale..]);
            for (int group = 0; group < 16; group++)
            {
                int code = scale == 0 ? 0 : Math.Clamp((int)MathF.Round(scales[group] / scale), -sbyte.MaxValue, sbyte.MaxValue);
                blocks[Scales + group] = (byte)code;
                BlockScales.Round(values.Slice(group * 16, 16), scale * code, 0, Lowest, Highest, codes);
                Store(codes, group, blocks);
            }
        }
    }

    private static void Store(ReadOnlySpan<byte> codes, int group, Span<byte> block)
    {
        int part = group / 8, run = group / 2 % 4, half = group % 2 * 16;
        for (int i = 0; i < 16; i++)
        {
            block[part * 64 + run % 2 * 32 + half + i] |= (byte)((codes[i] & 15) << (run / 2 * 4));
            block[High + part * 32 + half + i] |= (byte)(codes[i] >> 4 << (run * 2));
        }
    }
}
