using SkiaSharp;
using Xunit;

namespace LatentDiffusion.Tests.Imaging;

/// <summary>Masks in the forms that image programs write.</summary>
public sealed class MaskFileTests
{
    [Theory]
    [InlineData(nameof(SkiaImageCodec), SKEncodedImageFormat.Png)]
    [InlineData(nameof(SkiaImageCodec), SKEncodedImageFormat.Webp)]
    [InlineData(nameof(ImageSharpCodec), SKEncodedImageFormat.Png)]
    [InlineData(nameof(ImageSharpCodec), SKEncodedImageFormat.Webp)]
    public void White_strokes_on_a_transparent_canvas_are_the_mask(string name, SKEncodedImageFormat format)
    {
        IImageCodec codec = ImageCodecs.ByName(name);
        byte[] canvas = Square(SKColors.Transparent, SKColors.White, format), opaque = Square(SKColors.Black, SKColors.White, format);
        Assert.Equal(codec.Decode(opaque).Rgb.ToArray(), codec.Decode(canvas, RgbColor.Black).Rgb.ToArray());
        Assert.Equal(9, RepaintMask.Repainted(codec.Decode(canvas, RgbColor.Black)).Count(r => r));

        // With the default background, white, the image is white everywhere.
        Assert.All(codec.Decode(canvas).Rgb.ToArray(), level => Assert.Equal(255, level));
    }

    [Theory, MemberData(nameof(ImageCodecs.All), MemberType = typeof(ImageCodecs))]
    public void An_image_with_transparent_parts_is_its_own_mask(string name)
    {
        IImageCodec codec = ImageCodecs.ByName(name);
        byte[] erased = Square(SKColors.Red, SKColors.Transparent, SKEncodedImageFormat.Png);
        ImageBuffer mask = Assert.IsType<ImageBuffer>(codec.DecodeTransparency(erased));
        Assert.Equal(codec.Decode(Square(SKColors.Black, SKColors.White, SKEncodedImageFormat.Png)).Rgb.ToArray(), mask.Rgb.ToArray());

        byte[] faded = Square(SKColors.Red, new SKColor(255, 0, 0, 155), SKEncodedImageFormat.Png);
        ImageBuffer soft = Assert.IsType<ImageBuffer>(codec.DecodeTransparency(faded));
        Assert.Contains((byte)100, soft.Rgb.ToArray());
        Assert.Null(codec.DecodeTransparency(Square(SKColors.Red, SKColors.White, SKEncodedImageFormat.Png)));
        Assert.Null(codec.DecodeTransparency(Square(SKColors.Red, SKColors.White, SKEncodedImageFormat.Jpeg)));
    }

    [Fact]
    public void Codecs_without_transparency_need_not_know_of_it()
    {
        IImageCodec codec = new Opaque();
        Assert.Equal([1, 2, 3], codec.Decode([], RgbColor.Black).Rgb.ToArray());
        Assert.Null(codec.DecodeTransparency([]));
    }

    [Theory]
    [InlineData(0, 0, 64, 64, 0)]
    [InlineData(3, 3, 20, 20, 0)]
    [InlineData(20, 20, 28, 28, 0)]
    [InlineData(20, 0, 24, 64, 256)]
    [InlineData(0, 30, 64, 37, 448)]
    public void Strokes_thinner_than_a_latent_are_counted(int left, int top, int right, int bottom, int thin)
    {
        bool[] mask = [.. Enumerable.Range(0, 64 * 64).Select(i => i % 64 >= left && i % 64 < right && i / 64 >= top && i / 64 < bottom)];
        Assert.Equal(((right - left) * (bottom - top), thin), MaskStrokes.Count(mask, 64, 64, 8));
    }

    [Fact]
    public void Round_and_slanted_edges_of_wide_strokes_are_not_thin()
    {
        bool[] disc = [.. Enumerable.Range(0, 64 * 64).Select(i => Math.Pow(i % 64 - 31, 2) + Math.Pow(i / 64 - 31, 2) < 15 * 15)];
        Assert.Equal(0, MaskStrokes.Count(disc, 64, 64, 8).Thin);
        bool[] band = [.. Enumerable.Range(0, 64 * 64).Select(i => Math.Abs(i % 64 - i / 64) < 12)];
        Assert.Equal(0, MaskStrokes.Count(band, 64, 64, 8).Thin);
        Assert.Equal((0, 0), MaskStrokes.Count(new bool[16], 4, 4, 8));
    }

    /// <summary>A 3 x 3 square in the middle of 7 x 7 pixels.</summary>
    private static byte[] Square(SKColor outside, SKColor inside, SKEncodedImageFormat format)
    {
        using var bitmap = new SKBitmap(7, 7, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        for (int i = 0; i < 49; i++) bitmap.SetPixel(i % 7, i / 7, i % 7 is >= 2 and <= 4 && i / 7 is >= 2 and <= 4 ? inside : outside);
        using SKData data = bitmap.Encode(format, 100);
        return data.ToArray();
    }

    private sealed class Opaque : IImageCodec
    {
        public byte[] EncodePng(ImageBuffer image, IReadOnlyDictionary<string, string>? metadata = null) =>
            throw new NotSupportedException();

        public ImageBuffer Decode(ReadOnlySpan<byte> file) => new(1, 1, [1, 2, 3]);
    }
}
