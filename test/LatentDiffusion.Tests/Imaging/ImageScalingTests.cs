using Xunit;

namespace LatentDiffusion.Tests;

public sealed class ImageScalingTests
{
    [Theory]
    [InlineData(7, 5, 3, 2)]
    [InlineData(3, 2, 31, 17)]
    [InlineData(64, 1, 1, 64)]
    public void AnEvenPictureStaysEven(int width, int height, int newWidth, int newHeight)
    {
        ImageBuffer scaled = Fill(width, height, (_, _) => 77).Resize(newWidth, newHeight);
        Assert.Equal((newWidth, newHeight), (scaled.Width, scaled.Height));
        Assert.All(scaled.Rgb.ToArray(), b => Assert.Equal(77, b));
    }

    [Fact]
    public void ShrinkingSkipsNothing()
    {
        // Single white columns that sampling without a wide filter would miss or double.
        ImageBuffer scaled = Fill(256, 4, (x, _) => (byte)(x % 8 == 3 ? 255 : 0)).Resize(32, 4);
        Assert.All(scaled.Rgb[12..^12].ToArray().Where((_, i) => i % 96 is > 12 and < 84), b => Assert.InRange(b, 26, 38));
    }

    [Fact]
    public void ARampStaysARamp()
    {
        ImageBuffer scaled = Fill(16, 3, (x, _) => (byte)(40 + x * 10)).Resize(64, 3);
        for (int x = 16; x < 48; x++) Assert.InRange(scaled.Rgb[x * 3] - (40 + ((x + 0.5) / 4 - 0.5) * 10), -3, 3);
    }

    [Fact]
    public void CroppingTakesTheMiddle()
    {
        ImageBuffer image = Fill(8, 4, (x, y) => (byte)(x * 10 + y));
        Assert.Equal([20, 20, 20, 30, 30, 30], image.Crop(2, 0, 4, 4).Rgb[..6].ToArray());
        Assert.Equal(image.Crop(2, 0, 4, 4).Rgb.ToArray(), image.ResizeAndCrop(4, 4).Rgb.ToArray());
        Assert.Same(image, image.ResizeAndCrop(8, 4));
        ImageBuffer odd = Fill(101, 67, (_, _) => 9).ResizeAndCrop(64, 64);
        Assert.Equal((64, 64), (odd.Width, odd.Height));
        Assert.Throws<ArgumentException>(() => image.Crop(5, 0, 4, 4));
    }

    private static ImageBuffer Fill(int width, int height, Func<int, int, byte> level)
    {
        var rgb = new byte[width * height * 3];
        for (int i = 0; i < rgb.Length; i++) rgb[i] = level(i / 3 % width, i / 3 / width);
        return new ImageBuffer(width, height, rgb);
    }
}
