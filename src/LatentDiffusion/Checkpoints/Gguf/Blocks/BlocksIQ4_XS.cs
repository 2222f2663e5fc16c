using System.Buffers.Binary;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// Blocks of 256: a float16 scale, for each 32 values a signed scale of six bits (the upper two bits of all, then the lower four), then
/// nibbles as in <see cref="BlocksIQ4_NL"/>.
/// </summary>
internal static class BlocksIQ4_XS
{
    private const int Elements = 256, Bytes = 136, LowScales = 4, Codes = 8;

    public static void Expand(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (; blocks.Length >= Bytes; blocks = blocks[Bytes..], values = values[Elements..])
        {
            float scale = BlockCodes.Half(blocks);
            int upper = BinaryPrimitives.ReadUInt16LittleEndian(blocks[2..]);
            for (int run = 0; run < 8; run++)
            {
                int low = (blocks[LowScales + run / 2] >> (run % 2 * 4)) & 15, high = (upper >> (run * 2)) & 3;
                BlocksIQ4_NL.ExpandNibbles(blocks[(Codes + run * 16)..], scale * ((low | high << 4) - 32), values[(run * 32)..]);
            }
        }
    }
}
