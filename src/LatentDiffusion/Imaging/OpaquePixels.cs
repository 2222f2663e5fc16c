using System.Runtime.Intrinsics;

namespace LatentDiffusion.Imaging;

/// <summary>Blends transparent pixels with a background colour.</summary>
internal static class OpaquePixels
{
    private const int Stored = 4, Channels = 3;

    /// <summary>Red, green and blue of each pixel.</summary>
    /// <param name="rgba">Red, green, blue and alpha of each pixel, the colours not multiplied by alpha.</param>
    /// <param name="background">The colour behind transparent pixels.</param>
    public static byte[] FromRgba(ReadOnlySpan<byte> rgba, RgbColor background)
    {
        byte[] rgb = GC.AllocateUninitializedArray<byte>(rgba.Length / Stored * Channels);
        Vector128<byte> colours = Vector128.Create(0x00FFFFFFu).AsByte();
        Vector128<byte> kept = Vector128.Create((byte)0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 255, 255, 255, 255);
        int source = 0, target = 0;
        // Four opaque pixels at a time; bytes written beyond them are overwritten by the next.
        for (; source < rgba.Length; source += Stored, target += Channels)
        {
            while (target + Vector128<byte>.Count <= rgb.Length
                && Vector128.Create(rgba.Slice(source, Vector128<byte>.Count)) is var four
                && (four | colours) == Vector128<byte>.AllBitsSet)
            {
                Vector128.Shuffle(four, kept).CopyTo(rgb, target);
                source += Vector128<byte>.Count;
                target += 4 * Channels;
            }

            byte alpha = rgba[source + 3];
            rgb[target] = Over(rgba[source], background.Red, alpha);
            rgb[target + 1] = Over(rgba[source + 1], background.Green, alpha);
            rgb[target + 2] = Over(rgba[source + 2], background.Blue, alpha);
        }

        return rgb;
    }

    private static byte Over(byte value, byte below, byte alpha) =>
        (byte)((value * alpha + (byte.MaxValue - alpha) * below + byte.MaxValue / 2) / byte.MaxValue);
}
