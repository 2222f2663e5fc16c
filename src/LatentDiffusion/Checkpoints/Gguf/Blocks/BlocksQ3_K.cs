using System.Runtime.Intrinsics;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// Blocks of 256: the third bits of all codes, their lower two bits in four runs of 32 values in each 32 bytes, for each 16 values a
/// signed scale of six bits, then a float16 scale of these; codes −4 to 3.
/// </summary>
internal static class BlocksQ3_K
{
    private const int Elements = 256, Bytes = 110, Codes = 32, Scales = 96, Scale = 108;

    public static void Expand(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        Vector128<byte> mask = Vector128.Create((byte)3), third = Vector128.Create((byte)4);
        for (; blocks.Length >= Bytes; blocks = blocks[Bytes..], values = values[Elements..])
        {
            float scale = BlockCodes.Half(blocks[Scale..]);
            for (int group = 0; group < 16; group++)
            {
                int half = group % 2 * 16, run = group / 2;
                Vector128<byte> codes = BlockCodes.Load(blocks[(Codes + group / 8 * 32 + half)..]) >>> (run % 4 * 2);
                Vector128<byte> bit = Vector128.Create((byte)(1 << run));
                Vector128<byte> high = Vector128.Equals(BlockCodes.Load(blocks[half..]) & bit, bit) & third;
                Vector128<sbyte> signed = ((codes & mask) | high).AsSByte() - third.AsSByte();
                BlockCodes.Scale(signed, scale * GroupScale(blocks[Scales..], group), values[(group * 16)..]);
            }
        }
    }

    /// <summary>The low four bits of 16 scales stand in eight bytes, the high two in the four after them.</summary>
    private static int GroupScale(ReadOnlySpan<byte> scales, int group)
    {
        int low = group < 8 ? scales[group] & 15 : scales[group - 8] >> 4;
        int high = (scales[8 + group % 4] >> (group / 4 * 2)) & 3;
        return (low | high << 4) - 32;
    }
}
