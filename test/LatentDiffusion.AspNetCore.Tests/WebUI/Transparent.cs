using SkiaSharp;

namespace LatentDiffusion.AspNetCore.Tests.WebUI;

internal static class Transparent
{
    /// <summary>A PNG file with an opaque black square on a transparent canvas.</summary>
    public static byte[] Square(int width, int start, int side)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(width, width, SKColorType.Rgba8888, SKAlphaType.Unpremul));
        bitmap.Erase(SKColors.Transparent);
        for (int y = start; y < start + side; y++)
            for (int x = start; x < start + side; x++) bitmap.SetPixel(x, y, SKColors.Black);
        using SKData png = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return png.ToArray();
    }
}
