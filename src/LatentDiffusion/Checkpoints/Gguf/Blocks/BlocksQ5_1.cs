using System.Buffers.Binary;
using System.Runtime.Intrinsics;

namespace LatentDiffusion.Checkpoints;

/// <summary>Blocks of 32: a float16 scale and minimum, the fifth bits of all codes, then their nibbles; codes 0 to 31.</summary>
internal static class BlocksQ5_1
{
    private const int Elements = 32, Bytes = 24, Highest = 31;

    public static void Expand(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (; blocks.Length >= Bytes; blocks = blocks[Bytes..], values = values[Elements..])
        {
            float scale = BlockCodes.Half(blocks), minimum = BlockCodes.Half(blocks[2..]);
            uint fifth = BinaryPrimitives.ReadUInt32LittleEndian(blocks[4..]);
            Vector128<byte> codes = BlockCodes.Load(blocks[8..]);
            BlockCodes.Scale((codes & BlockCodes.LowNibble) | BlockCodes.FifthBits(fifth, 0), scale, minimum, values);
            BlockCodes.Scale((codes >>> 4) | BlockCodes.FifthBits(fifth, 16), scale, minimum, values[16..]);
        }
    }

    public static void Quantize(ReadOnlySpan<float> values, Span<byte> blocks)
    {
        Span<byte> codes = stackalloc byte[Elements];
        for (; blocks.Length >= Bytes; blocks = blocks[Bytes..], values = values[Elements..])
        {
            BlockScales.RoundFromMinimum(values[..Elements], Highest, blocks, codes);
            BlocksQ5_0.StoreFiveBits(codes, blocks[4..]);
        }
    }
}
