namespace LatentDiffusion;

/// <summary>Turns stored images for viewing, by an orientation of EXIF (2.32, tag 274).</summary>
internal static class ImageOrientation
{
    /// <summary>From here on rows and columns are exchanged.</summary>
    private const int FirstTransposed = 5;

    /// <summary>Whether width and height are exchanged.</summary>
    /// <param name="exif">1 to 8.</param>
    public static bool SwapsSides(int exif) => exif >= FirstTransposed;

    /// <summary>The turned image.</summary>
    /// <param name="stored">As it lies in the file.</param>
    /// <param name="exif">1 to 8.</param>
    public static ImageBuffer Apply(ImageBuffer stored, int exif)
    {
        if (exif == ExifOrientation.Upright) return stored;
        (int width, int height) = SwapsSides(exif) ? (stored.Height, stored.Width) : (stored.Width, stored.Height);
        ReadOnlySpan<byte> from = stored.Rgb;
        var to = new byte[from.Length];
        int target = 0;
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++, target += 3)
            {
                (int column, int row) = Source(x, y, stored.Width, stored.Height, exif);
                from.Slice((row * stored.Width + column) * 3, 3).CopyTo(to.AsSpan(target));
            }
        }

        return new ImageBuffer(width, height, to);
    }

    /// <summary>Where in the stored image the pixel (x, y) of the turned one is.</summary>
    private static (int Column, int Row) Source(int x, int y, int width, int height, int exif) => exif switch
    {
        2 => (width - 1 - x, y),
        3 => (width - 1 - x, height - 1 - y),
        4 => (x, height - 1 - y),
        5 => (y, x),
        6 => (y, height - 1 - x),
        7 => (width - 1 - y, height - 1 - x),
        8 => (width - 1 - y, x),
        _ => (x, y),
    };
}
