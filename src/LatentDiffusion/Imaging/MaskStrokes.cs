namespace LatentDiffusion.Imaging;

/// <summary>
/// Finds strokes of a mask that are thinner than one latent. The mask is sampled once per latent, as published inpainting models
/// expect, so that such strokes are lost in whole or in part.
/// </summary>
internal static class MaskStrokes
{
    /// <summary>Counts the pixels to repaint, and those of them in thin strokes.</summary>
    /// <param name="repainted">Row by row, true where the mask is white.</param>
    /// <param name="width">Width in pixels.</param>
    /// <param name="height">Height in pixels.</param>
    /// <param name="factor">Pixels per latent in each direction.</param>
    public static (int Repainted, int Thin) Count(bool[] repainted, int width, int height, int factor)
    {
        // Places where a square of one latent fits (a morphological opening), and one latent around them, so that slanted and
        // round edges of wide strokes do not count as thin.
        int[] whole = Sums(repainted, width, height);
        var fits = new bool[repainted.Length];
        for (int y = 0; y + factor <= height; y++)
            for (int x = 0; x + factor <= width; x++)
                fits[y * width + x] = Sum(whole, width, x, y, x + factor, y + factor) == factor * factor;

        int[] wide = Sums(fits, width, height);
        int count = 0, thin = 0;
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                if (!repainted[y * width + x]) continue;
                count++;

                // A square at (left, top) covers up to factor - 1 pixels to the right and below; its edge is one latent wide.
                int left = Math.Max(x - 2 * factor + 1, 0), top = Math.Max(y - 2 * factor + 1, 0);
                int right = Math.Min(x + factor + 1, width), bottom = Math.Min(y + factor + 1, height);
                if (Sum(wide, width, left, top, right, bottom) == 0) thin++;
            }
        }

        return (count, thin);
    }

    /// <summary>Sums over all rectangles from the origin, with a leading row and column of zeros.</summary>
    private static int[] Sums(bool[] values, int width, int height)
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

    private static int Sum(int[] sums, int width, int left, int top, int right, int bottom)
    {
        int stride = width + 1;
        return sums[bottom * stride + right] - sums[top * stride + right] - sums[bottom * stride + left] + sums[top * stride + left];
    }
}
