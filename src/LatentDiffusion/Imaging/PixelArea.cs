namespace LatentDiffusion.Imaging;

/// <summary>A rectangle of an image. It may reach over the image's edges.</summary>
/// <param name="Left">First column.</param>
/// <param name="Top">First row.</param>
/// <param name="Width">Width, at least 1.</param>
/// <param name="Height">Height, at least 1.</param>
internal readonly record struct PixelArea(int Left, int Top, int Width, int Height)
{
    /// <summary>The smallest rectangle around all pixels that are true.</summary>
    /// <param name="pixels">Row by row; at least one is true.</param>
    /// <param name="width">Width of the image.</param>
    public static PixelArea Around(bool[] pixels, int width)
    {
        (int left, int right) = (width, -1);
        int top = Array.IndexOf(pixels, true) / width, bottom = Array.LastIndexOf(pixels, true) / width;
        for (int y = top; y <= bottom; y++)
        {
            ReadOnlySpan<bool> row = pixels.AsSpan(y * width, width);
            if (row.IndexOf(true) is var first and >= 0) left = Math.Min(left, first);
            right = Math.Max(right, row.LastIndexOf(true));
        }

        return new PixelArea(left, top, right - left + 1, bottom - top + 1);
    }

    /// <summary>Larger by some pixels to each side, as far as the image goes.</summary>
    public PixelArea Padded(int pixels, int width, int height)
    {
        (int left, int top) = (Math.Max(Left - pixels, 0), Math.Max(Top - pixels, 0));
        (int right, int bottom) = (Math.Min(Left + Width + pixels, width), Math.Min(Top + Height + pixels, height));
        return new PixelArea(left, top, right - left, bottom - top);
    }

    /// <summary>
    /// The shorter side enlarged to proportions. The rectangle stays within the image where it fits; otherwise the image is in its middle.
    /// </summary>
    /// <param name="proportions">Width and height of any rectangle with the proportions.</param>
    /// <param name="width">Width of the image.</param>
    /// <param name="height">Height of the image.</param>
    public PixelArea InProportion((int Width, int Height) proportions, int width, int height)
    {
        long across = (long)Width * proportions.Height, down = (long)Height * proportions.Width;
        int newWidth = across >= down ? Width : Side((double)down / proportions.Height);
        int newHeight = across <= down ? Height : Side((double)across / proportions.Width);
        return new PixelArea(Start(Left, Width, newWidth, width), Start(Top, Height, newHeight, height), newWidth, newHeight);

        static int Side(double length) => (int)Math.Min(Math.Round(length), int.MaxValue / 2);

        static int Start(int start, int length, int newLength, int limit) => newLength >= limit
            ? (limit - newLength) / 2
            : Math.Clamp(start - (newLength - length) / 2, 0, limit - newLength);
    }

    /// <summary>This part of an image; beyond the image its edges continue.</summary>
    public ImageBuffer CutFrom(ImageBuffer image)
    {
        ReadOnlySpan<byte> source = image.Rgb;
        var rgb = new byte[3 * Width * Height];
        for (int y = 0, target = 0; y < Height; y++)
        {
            int row = Math.Clamp(Top + y, 0, image.Height - 1) * image.Width;
            for (int x = 0; x < Width; x++, target += 3)
                source.Slice(3 * (row + Math.Clamp(Left + x, 0, image.Width - 1)), 3).CopyTo(rgb.AsSpan(target));
        }

        return new ImageBuffer(Width, Height, rgb);
    }

    /// <summary>Whether a pixel of an image lies in it.</summary>
    public bool Contains(int x, int y) => x >= Left && x < Left + Width && y >= Top && y < Top + Height;
}
