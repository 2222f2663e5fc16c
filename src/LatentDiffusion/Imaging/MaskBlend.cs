namespace LatentDiffusion.Imaging;

/// <summary>How much of each pixel is generated: 1 in the repainted area, falling to 0 outside it, row by row.</summary>
internal static class MaskBlend
{
    /// <summary>Standard deviations of the blur beyond which nothing is blended.</summary>
    private const int Reach = 3;

    /// <summary>How far outside the repainted area pixels are blended.</summary>
    public static int Margin(int blur) => Reach * blur;

    /// <summary>
    /// Twice the Gaussian-blurred mask, at most 1: an edge of the area is blurred to 1/2, so that nothing of what was there before
    /// shows through within it.
    /// </summary>
    /// <param name="repainted">The area.</param>
    /// <param name="width">Width in pixels.</param>
    /// <param name="height">Height in pixels.</param>
    /// <param name="blur">Standard deviation in pixels; 0 for none.</param>
    public static float[] Weights(bool[] repainted, int width, int height, int blur)
    {
        float[] weights = Array.ConvertAll(repainted, r => r ? 1f : 0f);
        if (blur == 0) return weights;
        float[] kernel = Kernel(blur);
        weights = Blurred(weights, width, height, 1, kernel);
        weights = Blurred(weights, height, width, width, kernel);
        for (int i = 0; i < weights.Length; i++) weights[i] = repainted[i] ? 1 : Math.Min(2 * weights[i], 1);
        return weights;
    }

    /// <summary>Generated pixels over others, with a weight for each pixel. Pixels with the weight 0 stay byte for byte.</summary>
    public static ImageBuffer Mix(ImageBuffer image, ImageBuffer generated, float[] weights)
    {
        ReadOnlySpan<byte> below = image.Rgb, above = generated.Rgb;
        var rgb = new byte[below.Length];
        for (int i = 0; i < rgb.Length; i++)
            rgb[i] = (byte)MathF.Round(below[i] + (above[i] - below[i]) * weights[i / 3]);
        return new ImageBuffer(image.Width, image.Height, rgb);
    }

    /// <summary>Half of a symmetric kernel, from its middle.</summary>
    private static float[] Kernel(int blur)
    {
        double[] half = [.. Enumerable.Range(0, Margin(blur) + 1).Select(i => Math.Exp(-0.5 * i * i / ((double)blur * blur)))];
        double sum = 2 * half.Sum() - half[0];
        return [.. half.Select(h => (float)(h / sum))];
    }

    /// <summary>Blurred along lines, whose edge values continue beyond them.</summary>
    /// <param name="values">The values.</param>
    /// <param name="length">Number of values in a line.</param>
    /// <param name="lines">Number of lines.</param>
    /// <param name="step">From one value of a line to the next: 1 for rows, the width for columns.</param>
    /// <param name="kernel">Half of the kernel.</param>
    private static float[] Blurred(float[] values, int length, int lines, int step, float[] kernel)
    {
        var result = new float[values.Length];
        int reach = kernel.Length - 1;
        float[] line = new float[length + 2 * reach];
        for (int l = 0; l < lines; l++)
        {
            int start = step == 1 ? l * length : l;
            for (int i = 0; i < line.Length; i++) line[i] = values[start + Math.Clamp(i - reach, 0, length - 1) * step];
            for (int i = 0; i < length; i++)
            {
                float sum = kernel[0] * line[i + reach];
                for (int k = 1; k <= reach; k++) sum += kernel[k] * (line[i + reach - k] + line[i + reach + k]);
                result[start + i * step] = sum;
            }
        }

        return result;
    }
}
