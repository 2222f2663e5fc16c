using System.Runtime.Intrinsics;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// Blocks of 256: as <see cref="BlocksQ4_K"/>, with the fifth bits of the codes before their nibbles, bit number r for run r of 32 values.
/// </summary>
internal static class BlocksQ5_K
{
    private const int Elements = 256, Bytes = 176, Scales = 4, Fifth = 16, Codes = 48, Highest = 31;

    public static void Expand(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        Vector128<byte> sixteen = Vector128.Create((byte)16);
        for (; blocks.Length >= Bytes; blocks = blocks[Bytes..], values = values[Elements..])
        {
            float scale = BlockCodes.Half(blocks), minimum = BlockCodes.Half(blocks[2..]);
            for (int run = 0; run < 8; run++)
            {
                (float d, float m) = SixBitScales.Unpack(blocks[Scales..], run, scale, minimum);
                Vector128<byte> bit = Vector128.Create((byte)(1 << run));
                for (int half = 0; half < 32; half += 16)
                {
                    Vector128<byte> codes = BlockCodes.Load(blocks[(Codes + run / 2 * 32 + half)..]);
                    Vector128<byte> low = run % 2 == 0 ? codes & BlockCodes.LowNibble : codes >>> 4;
                    Vector128<byte> high = Vector128.Equals(BlockCodes.Load(blocks[(Fifth + half)..]) & bit, bit) & sixteen;
                    BlockCodes.Scale(low | high, d, m, values[(run * 32 + half)..]);
                }
            }
        }
    }

    public static void Quantize(ReadOnlySpan<float> values, Span<byte> blocks)
    {
        Span<byte> codes = stackalloc byte[Elements];
        for (; blocks.Length >= Bytes; blocks = blocks[Bytes..], values = values[Elements..])
        {
            SixBitScales.Round(values[..Elements], Highest, blocks, codes);
            blocks[Fifth..Codes].Clear();
            for (int i = 0; i < Elements; i++) blocks[Fifth + i % 32] |= (byte)(codes[i] >> 4 << (i / 32));
            for (int i = 0; i < 128; i++)
            {
                int at = i / 32 * 64 + i % 32;
                blocks[Codes + i] = (byte)((codes[at] & 15) | codes[at + 32] << 4);
            }
        }
    }
}
