namespace LatentDiffusion.Imaging;

/// <summary>
/// Resizes images by cubic convolution (Keys 1981), widened when shrinking, byte for byte as PIL does: weights are whole numbers, and
/// values are rounded between rows and columns. The preprocessing of published image encoders is defined by it.
/// </summary>
internal static class BicubicResampler
{
    /// <summary>Keys' parameter, and the distance from which on the weight is 0.</summary>
    private const double A = -0.5, Support = 2;

    private const int Channels = 3, WeightBits = 22, Half = 1 << (WeightBits - 1);

    /// <summary>Resizes an image and crops it, computing only the pixels inside the crop.</summary>
    /// <param name="image">The image.</param>
    /// <param name="size">Width and height of the whole resized image.</param>
    /// <param name="left">First column of the crop.</param>
    /// <param name="top">First row of the crop.</param>
    /// <param name="width">Width of the crop, which lies within the resized image.</param>
    /// <param name="height">Height of the crop.</param>
    public static ImageBuffer Resize(ImageBuffer image, (int Width, int Height) size, int left, int top, int width, int height)
    {
        (int First, int[] Weights)[] across = Weights(image.Width, size.Width, left, width);
        (int First, int[] Weights)[] down = Weights(image.Height, size.Height, top, height);
        int begin = down[0].First, end = down[^1].First + down[^1].Weights.Length, stride = width * Channels;
        var rows = new byte[(end - begin) * stride];
        int length = image.Width * Channels;
        for (int y = begin; y < end; y++)
            ResizeRow(image.Rgb.Slice(y * length, length), across, rows.AsSpan((y - begin) * stride, stride));
        var rgb = new byte[height * stride];
        for (int y = 0; y < height; y++)
        {
            (int first, int[] weights) = down[y];
            for (int x = 0; x < stride; x++) rgb[y * stride + x] = Sum(rows, (first - begin) * stride + x, stride, weights);
        }

        return new ImageBuffer(width, height, rgb);
    }

    private static void ResizeRow(ReadOnlySpan<byte> source, (int First, int[] Weights)[] across, Span<byte> target)
    {
        for (int x = 0; x < across.Length; x++)
        {
            (int first, int[] weights) = across[x];
            for (int c = 0; c < Channels; c++) target[x * Channels + c] = Sum(source, first * Channels + c, Channels, weights);
        }
    }

    /// <summary>The weighted sum of values, rounded and limited to a byte.</summary>
    private static byte Sum(ReadOnlySpan<byte> values, int start, int step, int[] weights)
    {
        int sum = Half;
        for (int i = 0; i < weights.Length; i++) sum += values[start + i * step] * weights[i];
        return (byte)Math.Clamp(sum >> WeightBits, byte.MinValue, byte.MaxValue);
    }

    /// <summary>The first source value of each value in a part of the resized line, and the weights from there on.</summary>
    private static (int First, int[] Weights)[] Weights(int length, int newLength, int start, int count) =>
        [.. Enumerable.Range(start, count).Select(i => length == newLength ? (i, [1 << WeightBits]) : WeightsAt(i, length, newLength))];

    private static (int First, int[] Weights) WeightsAt(int index, int length, int newLength)
    {
        double ratio = (double)length / newLength, stretch = Math.Max(ratio, 1), centre = (index + 0.5) * ratio;
        int first = Math.Max(0, (int)(centre - Support * stretch + 0.5));
        int last = Math.Min(length, (int)(centre + Support * stretch + 0.5));
        double[] raw = [.. Enumerable.Range(first, last - first).Select(i => Cubic(Math.Abs((i - centre + 0.5) / stretch)))];
        double total = raw.Sum();
        return (first, [.. raw.Select(weight => (int)Math.Round(weight / total * (1 << WeightBits), MidpointRounding.AwayFromZero))]);
    }

    private static double Cubic(double x) => x switch
    {
        < 1 => ((A + 2) * x - (A + 3)) * x * x + 1,
        < 2 => (((x - 5) * x + 8) * x - 4) * A,
        _ => 0,
    };
}
