namespace LatentDiffusion;

/// <summary>Brings pictures to the size a network takes.</summary>
public static class ImageScaling
{
    /// <summary>Number of lobes of the filter on each side.</summary>
    private const double Lobes = 3;

    /// <summary>
    /// Resizes a picture with a Lanczos filter of three lobes, widened when shrinking so that nothing is skipped
    /// (Duchon 1979; the filter that diffusers resizes with).
    /// </summary>
    /// <param name="image">The picture; returned itself where it has the size already.</param>
    /// <param name="width">Width wanted, at least 1.</param>
    /// <param name="height">Height wanted, at least 1.</param>
    public static ImageBuffer Resize(this ImageBuffer image, int width, int height)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (width == image.Width && height == image.Height) return image;
        var pixels = new float[image.Rgb.Length];
        for (int i = 0; i < pixels.Length; i++) pixels[i] = image.Rgb[i];
        float[] wide = Stretch(pixels, image.Height, image.Width, 3, width);
        float[] scaled = Stretch(wide, 1, image.Height, width * 3, height);
        var rgb = new byte[scaled.Length];
        for (int i = 0; i < rgb.Length; i++) rgb[i] = (byte)Math.Clamp(MathF.Round(scaled[i]), byte.MinValue, byte.MaxValue);
        return new ImageBuffer(width, height, rgb);
    }

    /// <summary>Resizes a picture so that it just covers a size and cuts off equally what stands out on both sides.</summary>
    /// <param name="image">The picture; returned itself where it has the size already.</param>
    /// <param name="width">Width wanted, at least 1.</param>
    /// <param name="height">Height wanted, at least 1.</param>
    public static ImageBuffer ResizeAndCrop(this ImageBuffer image, int width, int height)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        double scale = Math.Max((double)width / image.Width, (double)height / image.Height);
        int coveredWidth = Math.Max(width, (int)Math.Round(image.Width * scale));
        int coveredHeight = Math.Max(height, (int)Math.Round(image.Height * scale));
        ImageBuffer covering = image.Resize(coveredWidth, coveredHeight);
        return covering.Crop((coveredWidth - width) / 2, (coveredHeight - height) / 2, width, height);
    }

    /// <summary>Cuts a rectangle out of a picture.</summary>
    /// <param name="image">The picture; returned itself where the rectangle is all of it.</param>
    /// <param name="left">First column, from 0.</param>
    /// <param name="top">First row, from 0.</param>
    /// <param name="width">Width of the rectangle, which lies within the picture.</param>
    /// <param name="height">Height of the rectangle, which lies within the picture.</param>
    public static ImageBuffer Crop(this ImageBuffer image, int left, int top, int width, int height)
    {
        ArgumentNullException.ThrowIfNull(image);
        if (left < 0 || top < 0 || width < 1 || height < 1 || left > image.Width - width || top > image.Height - height)
            throw new ArgumentException($"{width} x {height} pixels at ({left}, {top}) are not within {image.Width} x {image.Height}.");
        if (width == image.Width && height == image.Height) return image;
        var rgb = new byte[width * height * 3];
        for (int y = 0; y < height; y++)
            image.Rgb.Slice(((top + y) * image.Width + left) * 3, width * 3).CopyTo(rgb.AsSpan(y * width * 3));
        return new ImageBuffer(width, height, rgb);
    }

    /// <summary>Resamples the middle one of three dimensions.</summary>
    private static float[] Stretch(float[] source, int outer, int length, int inner, int newLength)
    {
        if (newLength == length) return source;
        var target = new float[outer * newLength * inner];
        for (int i = 0; i < newLength; i++)
        {
            (int first, float[] weights) = Weights(i, length, newLength);
            for (int o = 0; o < outer; o++)
            {
                Span<float> sum = target.AsSpan((o * newLength + i) * inner, inner);
                for (int w = 0; w < weights.Length; w++)
                {
                    ReadOnlySpan<float> line = source.AsSpan((o * length + first + w) * inner, inner);
                    for (int n = 0; n < inner; n++) sum[n] += weights[w] * line[n];
                }
            }
        }

        return target;
    }

    private static (int First, float[] Weights) Weights(int index, int length, int newLength)
    {
        double ratio = (double)length / newLength, stretch = Math.Max(ratio, 1);
        double centre = (index + 0.5) * ratio;
        int first = Math.Max(0, (int)Math.Floor(centre - Lobes * stretch + 0.5));
        int last = Math.Min(length, (int)Math.Floor(centre + Lobes * stretch + 0.5));
        double[] raw = [.. Enumerable.Range(first, last - first).Select(i => Lanczos((i + 0.5 - centre) / stretch))];
        double total = raw.Sum();
        return (first, [.. raw.Select(w => (float)(w / total))]);
    }

    private static double Lanczos(double x) => Math.Abs(x) >= Lobes ? 0 : Sinc(x) * Sinc(x / Lobes);

    private static double Sinc(double x) => x == 0 ? 1 : Math.Sin(Math.PI * x) / (Math.PI * x);
}
