namespace LatentDiffusion.Imaging;

/// <summary>Morphology of masks: row by row, true where the mask is white.</summary>
internal static class MaskShape
{
    /// <summary>Dilation by a square or, by a negative number of pixels, erosion. The mask continues beyond the image's edges.</summary>
    /// <param name="mask">The mask; it stays as it is.</param>
    /// <param name="width">Width in pixels.</param>
    /// <param name="height">Height in pixels.</param>
    /// <param name="pixels">How far edges move outwards.</param>
    public static bool[] Grow(bool[] mask, int width, int height, int pixels)
    {
        if (pixels == 0) return mask;
        int reach = Math.Abs(pixels);
        int[] sums = Sums(mask, width, height);
        var grown = new bool[mask.Length];
        for (int y = 0; y < height; y++)
        {
            (int top, int bottom) = (Math.Max(y - reach, 0), Math.Min(y + reach + 1, height));
            for (int x = 0; x < width; x++)
            {
                (int left, int right) = (Math.Max(x - reach, 0), Math.Min(x + reach + 1, width));
                int white = Sum(sums, width, left, top, right, bottom);
                grown[y * width + x] = pixels > 0 ? white > 0 : white == (right - left) * (bottom - top);
            }
        }

        return grown;
    }

    /// <summary>Sums over all rectangles from the origin, with a leading row and column of zeros.</summary>
    public static int[] Sums(bool[] values, int width, int height)
    {
        var sums = new int[(width + 1) * (height + 1)];
        for (int y = 0; y < height; y++)
        {
            int row = 0;
            for (int x = 0; x < width; x++)
            {
                if (values[y * width + x]) row++;
                sums[(y + 1) * (width + 1) + x + 1] = sums[y * (width + 1) + x + 1] + row;
            }
        }

        return sums;
    }

    /// <summary>Number of white pixels in a rectangle, right and bottom excluded.</summary>
    public static int Sum(int[] sums, int width, int left, int top, int right, int bottom)
    {
        int stride = width + 1;
        return sums[bottom * stride + right] - sums[top * stride + right] - sums[bottom * stride + left] + sums[top * stride + left];
    }
}
