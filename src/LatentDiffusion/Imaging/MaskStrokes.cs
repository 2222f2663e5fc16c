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
        int[] whole = MaskShape.Sums(repainted, width, height);
        var fits = new bool[repainted.Length];
        for (int y = 0; y + factor <= height; y++)
            for (int x = 0; x + factor <= width; x++)
                fits[y * width + x] = MaskShape.Sum(whole, width, x, y, x + factor, y + factor) == factor * factor;

        int[] wide = MaskShape.Sums(fits, width, height);
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
                if (MaskShape.Sum(wide, width, left, top, right, bottom) == 0) thin++;
            }
        }

        return (count, thin);
    }
}
