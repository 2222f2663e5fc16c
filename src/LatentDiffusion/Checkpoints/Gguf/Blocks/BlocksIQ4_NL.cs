using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LatentDiffusion.Checkpoints;

/// <summary>Blocks of 32: a float16 scale, then nibbles that choose from 16 unequally spaced values.</summary>
internal static class BlocksIQ4_NL
{
    private const int Elements = 32, Bytes = 18;

    private static readonly Vector128<sbyte> s_values =
        Vector128.Create(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);

    public static void Expand(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (; blocks.Length >= Bytes; blocks = blocks[Bytes..], values = values[Elements..])
            ExpandNibbles(blocks[2..], BlockCodes.Half(blocks), values);
    }

    /// <summary>The 32 values of 16 bytes, the first half in the low nibbles.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ExpandNibbles(ReadOnlySpan<byte> nibbles, float scale, Span<float> values)
    {
        Vector128<byte> codes = BlockCodes.Load(nibbles);
        BlockCodes.Scale(Vector128.Shuffle(s_values, (codes & BlockCodes.LowNibble).AsSByte()), scale, values);
        BlockCodes.Scale(Vector128.Shuffle(s_values, (codes >>> 4).AsSByte()), scale, values[16..]);
    }
}
