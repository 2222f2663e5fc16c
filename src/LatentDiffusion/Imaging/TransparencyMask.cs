namespace LatentDiffusion.Imaging;

/// <summary>Converts the transparency of an image to a mask. For implementations of <see cref="IImageCodec"/>.</summary>
public static class TransparencyMask
{
    /// <summary>White where a pixel is transparent, black where it is opaque, grey between; null if every pixel is opaque.</summary>
    /// <param name="rgba">Four bytes per pixel, without padding.</param>
    /// <param name="width">Width in pixels, at least 1.</param>
    /// <param name="height">Height in pixels, at least 1.</param>
    /// <exception cref="ArgumentException">The number of bytes is not 4·width·height.</exception>
    public static ImageBuffer? FromRgba(ReadOnlySpan<byte> rgba, int width, int height)
    {
        if (rgba.Length != 4L * width * height)
        {
            throw new ArgumentException(
                $"An image of {width} x {height} has {rgba.Length} bytes; expected {4L * width * height}.", nameof(rgba));
        }

        bool opaque = true;
        var rgb = new byte[rgba.Length / 4 * 3];
        for (int source = 3, target = 0; source < rgba.Length; source += 4, target += 3)
        {
            byte transparency = (byte)(byte.MaxValue - rgba[source]);
            rgb.AsSpan(target, 3).Fill(transparency);
            opaque &= transparency == 0;
        }

        return opaque ? null : new ImageBuffer(width, height, rgb);
    }
}
