namespace LatentDiffusion.Imaging;

/// <content>Turns stored images for viewing.</content>
public static partial class ExifOrientation
{
    // From here on rows and columns are exchanged.
    private const int FirstTransposed = 5, Last = 8;

    /// <summary>Whether an orientation exchanges width and height.</summary>
    /// <param name="orientation">1 to 8.</param>
    /// <exception cref="ArgumentOutOfRangeException">The orientation is not from 1 to 8.</exception>
    public static bool SwapsSides(int orientation)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(orientation, Upright);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(orientation, Last);
        return orientation >= FirstTransposed;
    }

    /// <summary>Turns an image for viewing.</summary>
    /// <param name="stored">The image as stored in the file; returned itself if it is upright.</param>
    /// <param name="orientation">1 to 8, as <see cref="Read"/> returns it.</param>
    /// <exception cref="ArgumentOutOfRangeException">The orientation is not from 1 to 8.</exception>
    public static ImageBuffer Apply(ImageBuffer stored, int orientation)
    {
        ArgumentNullException.ThrowIfNull(stored);
        bool swaps = SwapsSides(orientation);
        if (orientation == Upright) return stored;
        (int width, int height) = swaps ? (stored.Height, stored.Width) : (stored.Width, stored.Height);
        ReadOnlySpan<byte> from = stored.Rgb;
        var to = new byte[from.Length];
        int target = 0;
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++, target += 3)
            {
                (int column, int row) = Source(x, y, stored.Width, stored.Height, orientation);
                from.Slice((row * stored.Width + column) * 3, 3).CopyTo(to.AsSpan(target));
            }
        }

        return new ImageBuffer(width, height, to);
    }

    /// <summary>Where in the stored image the pixel (x, y) of the turned one is.</summary>
    private static (int Column, int Row) Source(int x, int y, int width, int height, int orientation) => orientation switch
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
