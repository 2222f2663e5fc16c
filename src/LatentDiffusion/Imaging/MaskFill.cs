namespace LatentDiffusion.Imaging;

/// <summary>
/// Fills the repainted area of an image with the colours around it, from coarse to fine: the image is halved until the area has
/// vanished, and enlarged again (Gortler et al. 1996, "The Lumigraph", section 3.4, pull and push).
/// </summary>
internal static class MaskFill
{
    /// <summary>The image with the area filled. An image without preserved pixels is unchanged.</summary>
    public static ImageBuffer Apply(ImageBuffer image, bool[] repainted)
    {
        if (!repainted.Contains(false)) return image;
        var levels = new List<Level> { Level.FromImage(image, repainted) };
        while (levels[^1].Weights.Contains(0)) levels.Add(levels[^1].Halved());
        for (int i = levels.Count - 2; i >= 0; i--) levels[i].FillFrom(levels[i + 1]);
        byte[] rgb = image.Rgb.ToArray();
        for (int i = 0; i < rgb.Length; i++)
            if (repainted[i / 3]) rgb[i] = (byte)Math.Clamp(MathF.Round(levels[0].Colours[i]), byte.MinValue, byte.MaxValue);
        return new ImageBuffer(image.Width, image.Height, rgb);
    }

    /// <summary>The image at one size.</summary>
    /// <param name="Width">Width in pixels.</param>
    /// <param name="Height">Height in pixels.</param>
    /// <param name="Colours">Three values a pixel.</param>
    /// <param name="Weights">1 where a pixel has a colour, 0 where it has none.</param>
    private sealed record Level(int Width, int Height, float[] Colours, float[] Weights)
    {
        public static Level FromImage(ImageBuffer image, bool[] repainted)
        {
            var colours = new float[image.Rgb.Length];
            for (int i = 0; i < colours.Length; i++) colours[i] = image.Rgb[i];
            return new Level(image.Width, image.Height, colours, Array.ConvertAll(repainted, r => r ? 0f : 1f));
        }

        /// <summary>At half the size, each pixel the mean of those of its four that have a colour.</summary>
        public Level Halved()
        {
            (int width, int height) = ((Width + 1) / 2, (Height + 1) / 2);
            (float[] colours, float[] weights) = (new float[3 * width * height], new float[width * height]);
            for (int i = 0; i < Weights.Length; i++)
            {
                if (Weights[i] == 0) continue;
                int target = i / Width / 2 * width + i % Width / 2;
                weights[target]++;
                for (int c = 0; c < 3; c++) colours[3 * target + c] += Colours[3 * i + c];
            }

            for (int i = 0; i < weights.Length; i++)
            {
                if (weights[i] == 0) continue;
                for (int c = 0; c < 3; c++) colours[3 * i + c] /= weights[i];
                weights[i] = 1;
            }

            return new Level(width, height, colours, weights);
        }

        /// <summary>Gives pixels without a colour that of a level of half the size, bilinearly.</summary>
        public void FillFrom(Level half)
        {
            for (int i = 0; i < Weights.Length; i++)
            {
                if (Weights[i] != 0) continue;
                (int left, int right, float x) = Between(i % Width, half.Width);
                (int top, int bottom, float y) = Between(i / Width, half.Height);
                for (int c = 0; c < 3; c++)
                {
                    float upper = half.At(left, top, c) * (1 - x) + half.At(right, top, c) * x;
                    float lower = half.At(left, bottom, c) * (1 - x) + half.At(right, bottom, c) * x;
                    Colours[3 * i + c] = upper * (1 - y) + lower * y;
                }
            }
        }

        private float At(int x, int y, int channel) => Colours[3 * (y * Width + x) + channel];

        /// <summary>The two places of a line of half the length that a place lies between, and how far it is from the first.</summary>
        private static (int First, int Second, float Fraction) Between(int place, int length)
        {
            float at = Math.Clamp((place - 0.5f) / 2, 0, length - 1);
            int first = (int)at;
            return (first, Math.Min(first + 1, length - 1), at - first);
        }
    }
}
