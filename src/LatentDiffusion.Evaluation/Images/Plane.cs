namespace LatentDiffusion.Evaluation;

/// <summary>One number per pixel, rows from the top.</summary>
internal sealed record Plane(int Width, int Height, double[] Values)
{
    /// <summary>Luminance by ITU-R BT.601, from 0 to 255.</summary>
    public static Plane Luminance(ImageBuffer image) => From(image, (r, g, b) => 0.299 * r + 0.587 * g + 0.114 * b);

    /// <summary>Red, green or blue, from 0 to 255.</summary>
    public static Plane Channel(ImageBuffer image, int channel) => From(image, (r, g, b) => channel switch { 0 => r, 1 => g, _ => b });

    /// <summary>Combines each value with the other plane's value at the same place.</summary>
    public Plane Zip(Plane other, Func<double, double, double> combine)
    {
        var values = new double[Values.Length];
        for (int i = 0; i < values.Length; i++) values[i] = combine(Values[i], other.Values[i]);
        return new Plane(Width, Height, values);
    }

    /// <summary>Weighted means along both directions, where the window lies within the plane.</summary>
    public Plane Filter(double[] window)
    {
        int width = Width - window.Length + 1, height = Height - window.Length + 1;
        var rows = new double[width * Height];
        for (int y = 0; y < Height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                double sum = 0;
                for (int k = 0; k < window.Length; k++) sum += window[k] * Values[y * Width + x + k];
                rows[y * width + x] = sum;
            }
        }

        var values = new double[width * height];
        for (int y = 0; y < height; y++)
            for (int k = 0; k < window.Length; k++)
                for (int x = 0; x < width; x++)
                    values[y * width + x] += window[k] * rows[(y + k) * width + x];
        return new Plane(width, height, values);
    }

    /// <summary>Half the size, by averaging two by two; an odd last row or column is left out.</summary>
    public Plane Halve()
    {
        int width = Width / 2, height = Height / 2;
        var values = new double[width * height];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                int at = 2 * y * Width + 2 * x;
                values[y * width + x] = (Values[at] + Values[at + 1] + Values[at + Width] + Values[at + Width + 1]) / 4;
            }
        }

        return new Plane(width, height, values);
    }

    private static Plane From(ImageBuffer image, Func<byte, byte, byte, double> value)
    {
        ReadOnlySpan<byte> rgb = image.Rgb;
        var values = new double[image.Width * image.Height];
        for (int i = 0; i < values.Length; i++) values[i] = value(rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2]);
        return new Plane(image.Width, image.Height, values);
    }
}
