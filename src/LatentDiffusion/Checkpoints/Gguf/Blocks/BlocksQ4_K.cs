using System.Runtime.Intrinsics;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// Blocks of 256: the float16 scales of scales and minima, for each 32 values a scale and a minimum of six bits, then codes 0 to 15, two
/// runs of 32 values in each 32 bytes.
/// </summary>
internal static class BlocksQ4_K
{
    private const int Elements = 256, Bytes = 144, Scales = 4, Codes = 16, Highest = 15;

    public static void Expand(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (; blocks.Length >= Bytes; blocks = blocks[Bytes..], values = values[Elements..])
        {
            float scale = BlockCodes.Half(blocks), minimum = BlockCodes.Half(blocks[2..]);
            for (int run = 0; run < 8; run += 2)
            {
                ReadOnlySpan<byte> pair = blocks[(Codes + run * 16)..];
                Vector128<byte> first = BlockCodes.Load(pair), second = BlockCodes.Load(pair[16..]);
                Span<float> target = values.Slice(run * 32, 64);
                (float d, float m) = SixBitScales.Unpack(blocks[Scales..], run, scale, minimum);
                BlockCodes.Scale(first & BlockCodes.LowNibble, d, m, target);
                BlockCodes.Scale(second & BlockCodes.LowNibble, d, m, target[16..]);
                (d, m) = SixBitScales.Unpack(blocks[Scales..], run + 1, scale, minimum);
                BlockCodes.Scale(first >>> 4, d, m, target[32..]);
                BlockCodes.Scale(second >>> 4, d, m, target[48..]);
            }
        }
    }

    public static void Quantize(ReadOnlySpan<float> values, Span<byte> blocks)
    {
        Span<byte> codes = stackalloc byte[Elements];
        for (; blocks.Length >= Bytes; blocks = blocks[Bytes..], values = values[Elements..])
        {
            SixBitScales.Round(values[..Elements], Highest, blocks, codes);
            for (int i = 0; i < 128; i++)
            {
                int at = i / 32 * 64 + i % 32;
                blocks[Codes + i] = (byte)(codes[at] | codes[at + 32] << 4);
            }
        }
    }
}
