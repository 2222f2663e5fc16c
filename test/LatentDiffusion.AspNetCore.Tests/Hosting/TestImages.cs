namespace LatentDiffusion.AspNetCore.Tests;

/// <summary>Image files for requests.</summary>
internal static class TestImages
{
    private static readonly SkiaImageCodec s_codec = new();

    /// <summary>Colours that differ from pixel to pixel.</summary>
    public static ImageBuffer Gradient(int width, int height)
    {
        var rgb = new byte[width * height * 3];
        for (int i = 0; i < rgb.Length; i++) rgb[i] = (byte)(i * 7 / 3);
        return new ImageBuffer(width, height, rgb);
    }

    public static byte[] Png(int width, int height) => s_codec.EncodePng(Gradient(width, height));

    public static ImageBuffer Decode(ReadOnlySpan<byte> file) => s_codec.Decode(file);

    /// <summary>A PNG file whose left half is transparent.</summary>
    public static byte[] LeftTransparent(int width, int height)
    {
        using var bitmap = new SkiaSharp.SKBitmap(
            new SkiaSharp.SKImageInfo(width, height, SkiaSharp.SKColorType.Rgba8888, SkiaSharp.SKAlphaType.Unpremul));
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
                bitmap.SetPixel(x, y, new SkiaSharp.SKColor(200, 100, 50, x < width / 2 ? (byte)0 : (byte)255));
        using SkiaSharp.SKData data = bitmap.Encode(SkiaSharp.SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }
}
