using LatentDiffusion.Evaluation;
using Xunit;

namespace LatentDiffusion.Tests.Evaluation;

public sealed class ImageMetricTests
{
    [Fact]
    public void Signal_to_noise_is_of_the_mean_squared_error()
    {
        ImageBuffer image = Smooth(16, 16, 1);
        byte[] changed = image.Rgb.ToArray();
        changed[7] += 10;
        changed[100] -= 5;
        double expected = 10 * Math.Log10(255.0 * 255 * changed.Length / (10 * 10 + 5 * 5));
        Assert.Equal(expected, PeakSignalToNoise.Compute(image, new ImageBuffer(16, 16, changed)), 1e-12);
        Assert.Equal(double.PositiveInfinity, PeakSignalToNoise.Compute(image, image));
        byte[] black = new byte[12], white = [.. Enumerable.Repeat((byte)255, 12)];
        Assert.Equal(0, PeakSignalToNoise.Compute(new ImageBuffer(2, 2, black), new ImageBuffer(2, 2, white)), 1e-12);
    }

    /// <summary>The definition: a two-dimensional window at every position, weighted moments about the weighted mean.</summary>
    [Theory]
    [InlineData(24, 17, 4)]
    [InlineData(11, 11, 40)]
    [InlineData(13, 30, 120)]
    public void Structural_similarity_is_that_of_the_definition(int width, int height, int noise)
    {
        ImageBuffer image = Smooth(width, height, 2), other = Disturbed(image, noise);
        static double Luma(ImageBuffer b, int i) => 0.299 * b.Rgb[3 * i] + 0.587 * b.Rgb[3 * i + 1] + 0.114 * b.Rgb[3 * i + 2];
        double[] Grey(ImageBuffer b) => [.. Enumerable.Range(0, width * height).Select(i => Luma(b, i))];
        double[] Channel(ImageBuffer b, int c) => [.. Enumerable.Range(0, width * height).Select(i => (double)b.Rgb[3 * i + c])];
        Assert.Equal(Naive(Grey(image), Grey(other), width, height), StructuralSimilarity.Compute(image, other), 1e-10);
        (double red, double green, double blue) = StructuralSimilarity.ComputeChannels(image, other);
        Assert.Equal(Naive(Channel(image, 0), Channel(other, 0), width, height), red, 1e-10);
        Assert.Equal(Naive(Channel(image, 1), Channel(other, 1), width, height), green, 1e-10);
        Assert.Equal(Naive(Channel(image, 2), Channel(other, 2), width, height), blue, 1e-10);
    }

    [Fact]
    public void Similarity_is_one_for_equal_images_and_falls_with_noise()
    {
        ImageBuffer image = Smooth(200, 180, 3);
        Assert.Equal(1, StructuralSimilarity.Compute(image, image), 1e-12);
        Assert.Equal(1, StructuralSimilarity.MultiScale(image, image), 1e-12);
        double[] plain = [.. new[] { 5, 20, 80 }.Select(n => StructuralSimilarity.Compute(image, Disturbed(image, n)))];
        double[] multi = [.. new[] { 5, 20, 80 }.Select(n => StructuralSimilarity.MultiScale(image, Disturbed(image, n)))];
        Assert.True(1 > plain[0] && plain[0] > plain[1] && plain[1] > plain[2] && plain[2] > 0, string.Join(", ", plain));
        Assert.True(1 > multi[0] && multi[0] > multi[1] && multi[1] > multi[2] && multi[2] > 0, string.Join(", ", multi));
        // Noise of single pixels averages out at coarser scales, which have the largest weights.
        Assert.True(multi[1] > plain[1]);
        Assert.Equal(StructuralSimilarity.Compute(Disturbed(image, 20), image), plain[1], 1e-12);
    }

    /// <summary>
    /// Two flat images do not differ in contrast or structure: the similarity is (2ab + C₁)/(a² + b² + C₁) at the last scale.
    /// </summary>
    [Fact]
    public void Flat_images_differ_only_in_luminance()
    {
        ImageBuffer a = Flat(176, 100), b = Flat(176, 150);
        double luminance = (2 * 100 * 150 + 6.5025) / (100 * 100 + 150 * 150 + 6.5025);
        Assert.Equal(luminance, StructuralSimilarity.Compute(a, b), 1e-9);
        Assert.Equal(Math.Pow(luminance, 0.1333), StructuralSimilarity.MultiScale(a, b), 1e-9);
    }

    [Fact]
    public void Images_that_cannot_be_compared_are_refused()
    {
        Refused("16 x 16 and 17 x 16", () => PeakSignalToNoise.Compute(Flat(16, 1), Smooth(17, 16, 1)));
        Refused("at least 11 x 11", () => StructuralSimilarity.Compute(Flat(10, 1), Flat(10, 1)));
        Refused("at least 176 x 176", () => StructuralSimilarity.MultiScale(Flat(175, 1), Flat(175, 1)));

        static void Refused(string reason, Func<object> measure) =>
            Assert.Contains(reason, Assert.Throws<ArgumentException>(measure).Message, StringComparison.Ordinal);
    }

    private static double Naive(double[] a, double[] b, int width, int height)
    {
        double total = 0, weights = 0;
        for (int i = -5; i <= 5; i++)
            for (int j = -5; j <= 5; j++)
                weights += Math.Exp(-(i * i + j * j) / 4.5);
        int places = 0;
        for (int y = 5; y < height - 5; y++)
        {
            for (int x = 5; x < width - 5; x++, places++)
            {
                double Sum(Func<int, double> value)
                {
                    double sum = 0;
                    for (int i = -5; i <= 5; i++)
                        for (int j = -5; j <= 5; j++)
                            sum += Math.Exp(-(i * i + j * j) / 4.5) / weights * value((y + i) * width + x + j);
                    return sum;
                }

                double ma = Sum(p => a[p]), mb = Sum(p => b[p]);
                double va = Sum(p => (a[p] - ma) * (a[p] - ma)), vb = Sum(p => (b[p] - mb) * (b[p] - mb));
                double cov = Sum(p => (a[p] - ma) * (b[p] - mb));
                total += (2 * ma * mb + 6.5025) * (2 * cov + 58.5225) / ((ma * ma + mb * mb + 6.5025) * (va + vb + 58.5225));
            }
        }

        return total / places;
    }

    internal static ImageBuffer Flat(int size, byte level) => new(size, size, [.. Enumerable.Repeat(level, size * size * 3)]);

    internal static ImageBuffer Smooth(int width, int height, int kind)
    {
        return new(width, height, [.. Enumerable.Range(0, width * height * 3).Select(Level)]);

        byte Level(int i)
        {
            double across = Math.Sin(kind * 0.13 * (i / 3 % width) + i % 3), down = Math.Cos(kind * 0.09 * (i / 3 / width) - 0.5 * kind);
            return (byte)(127 + 100 * across * down);
        }
    }

    internal static ImageBuffer Disturbed(ImageBuffer image, int noise)
    {
        var random = new Random(noise);
        byte[] rgb = image.Rgb.ToArray();
        for (int i = 0; i < rgb.Length; i++) rgb[i] = (byte)Math.Clamp(rgb[i] + random.Next(-noise, noise + 1), 0, 255);
        return new ImageBuffer(image.Width, image.Height, rgb);
    }
}
