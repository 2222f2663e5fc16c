using Xunit;

namespace LatentDiffusion.Tests.Imaging;

public sealed class ImageScalingTests
{
    [Theory]
    [InlineData(7, 5, 3, 2)]
    [InlineData(3, 2, 31, 17)]
    [InlineData(64, 1, 1, 64)]
    public void A_uniform_image_stays_uniform(int width, int height, int newWidth, int newHeight)
    {
        ImageBuffer scaled = Fill(width, height, (_, _) => 77).Resize(newWidth, newHeight);
        Assert.Equal((newWidth, newHeight), (scaled.Width, scaled.Height));
        Assert.All(scaled.Rgb.ToArray(), b => Assert.Equal(77, b));
    }

    [Fact]
    public void Shrinking_uses_every_pixel()
    {
        // Single white columns, which sampling without a wide filter would skip or double.
        ImageBuffer scaled = Fill(256, 4, (x, _) => (byte)(x % 8 == 3 ? 255 : 0)).Resize(32, 4);
        Assert.All(scaled.Rgb[12..^12].ToArray().Where((_, i) => i % 96 is > 12 and < 84), b => Assert.InRange(b, 26, 38));
    }

    [Fact]
    public void A_ramp_stays_a_ramp()
    {
        ImageBuffer scaled = Fill(16, 3, (x, _) => (byte)(40 + x * 10)).Resize(64, 3);
        for (int x = 16; x < 48; x++) Assert.InRange(scaled.Rgb[x * 3] - (40 + ((x + 0.5) / 4 - 0.5) * 10), -3, 3);
    }

    [Fact]
    public void Cropping_takes_the_middle()
    {
        ImageBuffer image = Fill(8, 4, (x, y) => (byte)(x * 10 + y));
        Assert.Equal([20, 20, 20, 30, 30, 30], image.Crop(2, 0, 4, 4).Rgb[..6].ToArray());
        Assert.Equal(image.Crop(2, 0, 4, 4).Rgb.ToArray(), image.ResizeAndCrop(4, 4).Rgb.ToArray());
        Assert.Same(image, image.ResizeAndCrop(8, 4));
        ImageBuffer odd = Fill(101, 67, (_, _) => 9).ResizeAndCrop(64, 64);
        Assert.Equal((64, 64), (odd.Width, odd.Height));
        Assert.Throws<ArgumentException>(() => image.Crop(5, 0, 4, 4));
    }

    [Theory]
    [InlineData(37, 23, 80, 51)]
    [InlineData(80, 51, 37, 23)]
    [InlineData(16, 90, 16, 33)]
    [InlineData(90, 16, 33, 16)]
    [InlineData(1, 50, 20, 1000)]
    [InlineData(300, 1, 7, 1)]
    public void Every_pixel_is_the_weighted_mean_of_its_neighbours(int width, int height, int newWidth, int newHeight)
    {
        byte[] rgb = new byte[width * height * 3];
        new Random(1).NextBytes(rgb);
        var image = new ImageBuffer(width, height, rgb);
        ImageBuffer scaled = image.Resize(newWidth, newHeight);
        var random = new Random(2);
        for (int trial = 0; trial < 200; trial++)
        {
            (int x, int y, int c) = (random.Next(newWidth), random.Next(newHeight), random.Next(3));
            double expected = 0, total = 0;
            for (int j = 0; j < height; j++)
            {
                for (int i = 0; i < width; i++)
                {
                    double weight = Weight(i, x, width, newWidth) * Weight(j, y, height, newHeight);
                    expected += weight * rgb[(j * width + i) * 3 + c];
                    total += weight;
                }
            }

            Assert.InRange(scaled.Rgb[(y * newWidth + x) * 3 + c] - Math.Clamp(expected / total, 0, 255), -0.51, 0.51);
        }

        // Lanczos's filter of three lobes, widened when shrinking.
        static double Weight(int source, int target, int length, int newLength)
        {
            if (length == newLength) return source == target ? 1 : 0;
            double stretch = Math.Max((double)length / newLength, 1);
            double distance = (source + 0.5 - (target + 0.5) * length / newLength) / stretch;
            return Math.Abs(distance) >= 3 ? 0 : distance == 0 ? 1 : Sinc(distance) * Sinc(distance / 3);
        }

        static double Sinc(double x) => Math.Sin(Math.PI * x) / (Math.PI * x);
    }

    [Fact]
    public void A_window_is_a_crop_of_the_whole()
    {
        var random = new Random(1);
        for (int trial = 0; trial < 100; trial++)
        {
            (int width, int height) = (random.Next(1, 70), random.Next(1, 70));
            (int newWidth, int newHeight) = (random.Next(1, 90), random.Next(1, 90));
            ImageBuffer image = Fill(width, height, (x, y) => (byte)(x * 53 + y * 101 + x * y));
            (int windowWidth, int windowHeight) = (random.Next(1, newWidth + 1), random.Next(1, newHeight + 1));
            (int left, int top) = (random.Next(newWidth - windowWidth + 1), random.Next(newHeight - windowHeight + 1));
            Assert.Equal(
                image.Resize(newWidth, newHeight).Crop(left, top, windowWidth, windowHeight).Rgb.ToArray(),
                image.ResizeWindow(newWidth, newHeight, left, top, windowWidth, windowHeight).Rgb.ToArray());
        }

        ImageBuffer small = Fill(4, 4, (_, _) => 0);
        Assert.Throws<ArgumentException>(() => small.ResizeWindow(8, 8, 1, 0, 8, 8));
        Assert.Throws<ArgumentException>(() => small.ResizeWindow(8, 8, 0, -1, 8, 8));
    }

    private static ImageBuffer Fill(int width, int height, Func<int, int, byte> level)
    {
        var rgb = new byte[width * height * 3];
        for (int i = 0; i < rgb.Length; i++) rgb[i] = level(i / 3 % width, i / 3 / width);
        return new ImageBuffer(width, height, rgb);
    }
}
