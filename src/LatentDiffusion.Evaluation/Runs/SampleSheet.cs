using System.Runtime.InteropServices;
using SkiaSharp;

namespace LatentDiffusion.Evaluation;

/// <summary>
/// A grid of images with labels: a row for each prompt, a column for each seed. Labels need a font on the system; without one
/// their space stays empty.
/// </summary>
public static class SampleSheet
{
    private const int Gap = 6, LabelHeight = 20;
    private const float TextSize = 13, Baseline = 15;
    private const string Ellipsis = "…";

    /// <summary>Draws a sheet on a white background.</summary>
    /// <param name="rows">At least one row with at least one image.</param>
    /// <param name="title">Text at the top; null for none.</param>
    /// <exception cref="ArgumentException">No images are given.</exception>
    public static ImageBuffer Draw(IReadOnlyList<SheetRow> rows, string? title = null)
    {
        ArgumentNullException.ThrowIfNull(rows);
        if (!rows.Any(r => r.Images.Count > 0)) throw new ArgumentException("A sheet needs at least one image.", nameof(rows));
        int cell = rows.SelectMany(r => r.Images).Max(p => p.Width);
        int width = Gap + rows.Max(r => r.Images.Count) * (cell + Gap);
        int height = Gap + LabelHeightOf(title) + rows.Sum(r => LabelHeightOf(r.Label) + ImageHeight(r) + Gap);

        using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        using var canvas = new SKCanvas(bitmap);
        using var font = new SKFont(ScottPlot.Fonts.GetTypeface(ScottPlot.Fonts.Default, bold: false, italic: false), TextSize);
        canvas.Clear(SKColors.White);
        int top = Gap;
        Label(title);
        foreach (SheetRow row in rows)
        {
            Label(row.Label);
            for (int column = 0; column < row.Images.Count; column++) Place(row.Images[column], Gap + column * (cell + Gap), top);
            top += ImageHeight(row) + Gap;
        }

        canvas.Flush();
        return ToBuffer(bitmap);

        void Label(string? text)
        {
            if (string.IsNullOrEmpty(text)) return;
            using var paint = new SKPaint { Color = SKColors.Black, IsAntialias = true };
            canvas.DrawText(Fitting(text, font, width - 2 * Gap), Gap, top + Baseline, font, paint);
            top += LabelHeight;
        }

        void Place(ImageBuffer image, int left, int above)
        {
            using SKBitmap pixels = ToBitmap(image);
            canvas.DrawBitmap(pixels, left, above);
        }
    }

    private static int LabelHeightOf(string? label) => string.IsNullOrEmpty(label) ? 0 : LabelHeight;

    private static int ImageHeight(SheetRow row) => row.Images.Select(p => p.Height).DefaultIfEmpty(0).Max();

    private static string Fitting(string text, SKFont font, float width)
    {
        if (font.MeasureText(text) <= width) return text;
        int length = text.Length;
        while (length > 0 && font.MeasureText(text[..length] + Ellipsis) > width) length--;
        return text[..length] + Ellipsis;
    }

    private static SKBitmap ToBitmap(ImageBuffer image)
    {
        var bitmap = new SKBitmap(new SKImageInfo(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        byte[] rgba = new byte[bitmap.ByteCount];
        ReadOnlySpan<byte> rgb = image.Rgb;
        for (int source = 0, target = 0; source < rgb.Length; source += 3, target += 4)
        {
            rgb.Slice(source, 3).CopyTo(rgba.AsSpan(target));
            rgba[target + 3] = byte.MaxValue;
        }

        Marshal.Copy(rgba, 0, bitmap.GetPixels(), rgba.Length);
        return bitmap;
    }

    private static ImageBuffer ToBuffer(SKBitmap bitmap)
    {
        ReadOnlySpan<byte> rgba = bitmap.GetPixelSpan();
        byte[] rgb = new byte[rgba.Length / 4 * 3];
        for (int source = 0, target = 0; source < rgba.Length; source += 4, target += 3) rgba.Slice(source, 3).CopyTo(rgb.AsSpan(target));
        return new ImageBuffer(bitmap.Width, bitmap.Height, rgb);
    }
}
