using System.Text.Json;
using LatentDiffusion.Tests.Reference;
using Xunit;

namespace LatentDiffusion.Tests.Imaging;

/// <summary>Small files of every pixel format are decoded as by Pillow, with transparent ones composed over white.</summary>
public sealed class PixelFormatTests
{
    // Lossy formats may differ in the inverse transform and the upsampling.
    private const int Lossless = 0, Rounding = 1, Lossy = 6;

    private static readonly JsonElement s_files =
        JsonDocument.Parse(File.ReadAllBytes(ReferenceFolder.PathOf("pixel-formats.json"))).RootElement;
    private static readonly SkiaImageCodec s_codec = new();

    public static TheoryData<string> Names => [.. s_files.EnumerateObject().Select(p => p.Name)];

    [Theory, MemberData(nameof(Names))]
    public void Every_pixel_format_is_decoded(string name)
    {
        JsonElement file = s_files.GetProperty(name);
        byte[] bytes = file.GetProperty("file").GetBytesFromBase64();
        ImageBuffer image = s_codec.Decode(bytes);
        (int Width, int Height) size = (file.GetProperty("width").GetInt32(), file.GetProperty("height").GetInt32());
        Assert.Equal(size, (image.Width, image.Height));
        Assert.Equal(size, s_codec.ReadSize(bytes));
        Assert.Contains(Path.GetExtension(name), s_codec.FileExtensions);
        int allowed = name switch
        {
            "CMYK.jpg" or "progressive.jpg" or "baseline.jpg" or "gray.jpg" or "lossy.webp" => Lossy,
            "I16.png" or "RGB16.png" => Rounding,
            _ => Lossless,
        };
        byte[] expected = file.GetProperty("rgb").GetBytesFromBase64();
        Assert.All(expected.Index(), p => Assert.InRange(Math.Abs(p.Item - image.Rgb[p.Index]), 0, allowed));
    }

    [Fact]
    public void Sizes_are_of_the_header()
    {
        byte[] png = s_files.GetProperty("RGB.png").GetProperty("file").GetBytesFromBase64();
        // The signature, the header and the beginning of the pixels.
        byte[] cut = png[..60];
        Assert.Equal((9, 7), s_codec.ReadSize(cut));
        Assert.Throws<InvalidDataException>(() => s_codec.Decode(cut));
        Assert.Throws<InvalidDataException>(() => new SkiaImageCodec(maxPixels: 62).ReadSize(png));
        Assert.Throws<InvalidDataException>(() => s_codec.ReadSize("no image"u8));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(37)]
    public void Transparency_is_blended_wherever_it_is(int pixels)
    {
        var random = new Random(pixels);
        var background = new RgbColor(10, 200, 90);
        for (int trial = 0; trial < 50; trial++)
        {
            byte[] rgba = new byte[pixels * 4];
            random.NextBytes(rgba);
            for (int i = 0; i < pixels; i++)
                if (random.Next(4) > 0) rgba[4 * i + 3] = byte.MaxValue;
            byte[] rgb = OpaquePixels.FromRgba(rgba, background), below = [background.Red, background.Green, background.Blue];
            for (int i = 0; i < rgb.Length; i++)
            {
                double alpha = rgba[i / 3 * 4 + 3] / 255.0;
                Assert.InRange(rgb[i] - (rgba[i / 3 * 4 + i % 3] * alpha + below[i % 3] * (1 - alpha)), -0.501, 0.501);
            }
        }
    }
}
