namespace LatentDiffusion.Imaging;

/// <content>Rotates and mirrors stored images.</content>
public static partial class ExifOrientation
{
    // From this orientation on, rows and columns are exchanged.
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

    /// <summary>Rotates and mirrors an image so that it is upright.</summary>
    /// <param name="stored">The image as stored in the file; returned unchanged if it is upright.</param>
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

    /// <summary>Position in the stored image of the pixel (x, y) of the upright one.</summary>
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
