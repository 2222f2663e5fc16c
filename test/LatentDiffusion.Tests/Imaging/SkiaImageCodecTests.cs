using SkiaSharp;
using Xunit;

namespace LatentDiffusion.Tests.Imaging;

public sealed class SkiaImageCodecTests
{
    private static readonly SkiaImageCodec s_codec = new();

    [Fact]
    public void Png_keeps_every_pixel()
    {
        ImageBuffer image = Noise(37, 21);
        byte[] png = s_codec.EncodePng(image);
        ImageBuffer back = s_codec.Decode(png);
        Assert.Equal((37, 21), (back.Width, back.Height));
        Assert.Equal(image.Rgb.ToArray(), back.Rgb.ToArray());
        Assert.Empty(PngText.Read(png));
    }

    [Fact]
    public void Texts_round_trip_and_the_image_is_unchanged()
    {
        var texts = new Dictionary<string, string>
        {
            ["prompt"] = "a red star",
            ["Negative Prompt"] = "café\nblurry",
            ["parameters"] = "日本 🐢\tSteps: 20",
            ["empty"] = "",
        };
        ImageBuffer image = Noise(5, 4);
        byte[] png = s_codec.EncodePng(image, texts);
        Assert.Equal(texts, PngText.Read(png));
        Assert.Equal(image.Rgb.ToArray(), s_codec.Decode(png).Rgb.ToArray());
    }

    [Theory]
    [InlineData("", "x")]
    [InlineData(" a", "x")]
    [InlineData("a  b", "x")]
    [InlineData("日本", "x")]
    [InlineData("a", "x\0y")]
    public void Texts_that_Png_cannot_hold_are_refused(string key, string value) =>
        Assert.Throws<ArgumentException>(() => s_codec.EncodePng(Noise(2, 2), new Dictionary<string, string> { [key] = value }));

    [Theory]
    [InlineData("noto-emoji128", 128)]
    [InlineData("pokemon-captioned", 256)]
    public void Real_images_are_read_on_white(string folder, int size)
    {
        string[] files = [.. Directory.GetFiles(SharedData.Require(folder, "images")).Order(StringComparer.Ordinal).Take(60)];
        int white = 0;
        foreach (string file in files)
        {
            ImageBuffer image = s_codec.Decode(File.ReadAllBytes(file));
            Assert.Equal((size, size), (image.Width, image.Height));
            Assert.True(image.Rgb.ToArray().Distinct().Count() > 10, file);
            if (image.Rgb[0] > 250 && image.Rgb[^1] > 250) white++;
        }

        Assert.InRange(white, files.Length * 3 / 4, files.Length);
    }

    [Theory]
    [InlineData(SKEncodedImageFormat.Jpeg)]
    [InlineData(SKEncodedImageFormat.Webp)]
    public void Other_formats_are_read(SKEncodedImageFormat format)
    {
        using var bitmap = new SKBitmap(20, 10, SKColorType.Rgba8888, SKAlphaType.Opaque);
        bitmap.Erase(new SKColor(200, 100, 50));
        using SKData data = bitmap.Encode(format, 95);
        ImageBuffer image = s_codec.Decode(data.AsSpan());
        Assert.Equal((20, 10), (image.Width, image.Height));
        Assert.InRange(image.Rgb[0], 195, 205);
        Assert.InRange(image.Rgb[2], 45, 55);
    }

    [Fact]
    public void Transparency_is_laid_on_white()
    {
        using var bitmap = new SKBitmap(3, 1, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        bitmap.SetPixel(0, 0, new SKColor(200, 100, 0, 0));
        bitmap.SetPixel(1, 0, new SKColor(200, 100, 0, 128));
        bitmap.SetPixel(2, 0, new SKColor(200, 100, 0, 255));
        using SKData data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        Assert.Equal([255, 255, 255, 227, 177, 127, 200, 100, 0], s_codec.Decode(data.AsSpan()).Rgb.ToArray());
    }

    [Fact]
    public void Excessive_dimensions_are_refused()
    {
        byte[] png = s_codec.EncodePng(Noise(4, 4));
        byte[] header = [0, 1, 0, 0, 0, 1, 0, 0, .. png.AsSpan(24, 5)];
        using var bomb = new MemoryStream();
        bomb.Write(PngChunk.Signature);
        new PngChunk("IHDR"u8, header).Write(bomb);
        bomb.Write(png.AsSpan(33));
        Assert.Contains("65536", Assert.Throws<InvalidDataException>(() => s_codec.Decode(bomb.ToArray())).Message);
        Assert.Throws<InvalidDataException>(() => new SkiaImageCodec(maxPixels: 15).Decode(png));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SkiaImageCodec(maxPixels: int.MaxValue));
    }

    [Fact]
    public void Hostile_bytes_throw_or_decode()
    {
        var random = new Random(7);
        using var bitmap = new SKBitmap(24, 16, SKColorType.Rgba8888, SKAlphaType.Opaque);
        foreach (SKEncodedImageFormat format in new[] { SKEncodedImageFormat.Png, SKEncodedImageFormat.Jpeg, SKEncodedImageFormat.Webp })
        {
            using SKData data = bitmap.Encode(format, 90);
            byte[] file = format == SKEncodedImageFormat.Png
                ? s_codec.EncodePng(Noise(24, 16), new Dictionary<string, string> { ["a"] = "ü日" })
                : data.ToArray();
            for (int i = 0; i < 600; i++)
            {
                byte[] mutated = i < file.Length && i % 2 == 0 ? file[..i] : [.. file];
                for (int n = random.Next(4); n > 0 && mutated.Length > 0; n--)
                    mutated[random.Next(mutated.Length)] = (byte)random.Next(256);

                Try(() => s_codec.Decode(mutated));
                Try(() => PngText.Read(mutated));
            }
        }

        Assert.Throws<InvalidDataException>(() => s_codec.Decode([]));
        Assert.Throws<InvalidDataException>(() => s_codec.Decode("GIF89a"u8));

        static void Try(Action read)
        {
            try
            {
                read();
            }
            catch (InvalidDataException)
            {
            }
        }
    }

    private static ImageBuffer Noise(int width, int height)
    {
        var rgb = new byte[width * height * 3];
        new Random(3).NextBytes(rgb);
        return new ImageBuffer(width, height, rgb);
    }
}
