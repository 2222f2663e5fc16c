using System.Runtime.Intrinsics;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// Blocks of 256: for each 16 values a scale and a minimum of four bits, then codes 0 to 3, four runs of 32 values in each 32 bytes, then
/// the float16 scales of scales and minima.
/// </summary>
internal static class BlocksQ2_K
{
    private const int Elements = 256, Bytes = 84, Codes = 16, Scales = 80;

    public static void Expand(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        Vector128<byte> mask = Vector128.Create((byte)3);
        for (; blocks.Length >= Bytes; blocks = blocks[Bytes..], values = values[Elements..])
        {
            float scale = BlockCodes.Half(blocks[Scales..]), minimum = BlockCodes.Half(blocks[(Scales + 2)..]);
            for (int group = 0; group < 16; group++)
            {
                // Eight groups in each half; two of them share a shift.
                Vector128<byte> codes = BlockCodes.Load(blocks[(Codes + group / 8 * 32 + group % 2 * 16)..]) >>> (group % 8 / 2 * 2);
                byte packed = blocks[group];
                BlockCodes.Scale(codes & mask, scale * (packed & 15), -(minimum * (packed >> 4)), values[(group * 16)..]);
            }
        }
    }
}
