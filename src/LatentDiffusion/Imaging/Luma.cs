namespace LatentDiffusion.Imaging;

/// <summary>Greyscale of images: luma of ITU-R BT.601, with the rounding of PIL.</summary>
internal static class Luma
{
    // In 65536ths.
    private const int Red = 19595, Green = 38470, Blue = 7471, Bits = 16;

    /// <summary>The luma of each pixel, row by row.</summary>
    public static byte[] Of(ImageBuffer image)
    {
        ReadOnlySpan<byte> rgb = image.Rgb;
        var luma = new byte[rgb.Length / 3];
        for (int i = 0; i < luma.Length; i++)
            luma[i] = (byte)((rgb[3 * i] * Red + rgb[3 * i + 1] * Green + rgb[3 * i + 2] * Blue + (1 << (Bits - 1))) >> Bits);
        return luma;
    }
}
