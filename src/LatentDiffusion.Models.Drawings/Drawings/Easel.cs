using SkiaSharp;

namespace LatentDiffusion.Models.Drawings;

/// <summary>Paints a subject on a white canvas: measures it, fits it into the image, and draws it over a dark contour.</summary>
internal static class Easel
{
    private const float Filled = 0.86f;
    private const float Margin = 0.95f;

    /// <summary>Paints the subject and returns the pixels, three bytes each.</summary>
    public static byte[] Paint(Subject subject, Traits traits, int size)
    {
        using Ink measure = new(null, traits, 1f);
        subject.Draw(measure, traits);
        SKRect box = measure.Bounds;

        // The box of the tilted box, so that no corner leaves the image.
        (float sin, float cos) = MathF.SinCos(MathF.Abs(traits.Tilt) * MathF.PI / 180f);
        float width = (box.Width * cos) + (box.Height * sin);
        float height = (box.Height * cos) + (box.Width * sin);
        float scale = 2f * Filled * traits.Scale / MathF.Max(width, height);
        float half = size / 2f;
        float x = Within(traits.ShiftX, Margin - (width * scale / 2f));
        float y = Within(traits.ShiftY, Margin - (height * scale / 2f));

        using SKBitmap bitmap = new(new SKImageInfo(size, size, SKColorType.Rgba8888, SKAlphaType.Opaque));
        using SKCanvas canvas = new(bitmap);
        canvas.Clear(SKColors.White);
        canvas.Translate(half * (1f + x), half * (1f + y));
        canvas.RotateDegrees(traits.Tilt);
        canvas.Scale(half * scale);
        canvas.Translate(-box.MidX, -box.MidY);
        using Ink ink = new(canvas, traits, half * scale * 256f / size);
        ink.Contour(measure.Shapes);
        subject.Draw(ink, traits);
        canvas.Flush();
        return Pixels(bitmap, size);
    }

    private static float Within(float value, float limit)
    {
        limit = MathF.Max(0f, limit);
        return Math.Clamp(value, -limit, limit);
    }

    private static byte[] Pixels(SKBitmap bitmap, int size)
    {
        ReadOnlySpan<byte> rgba = bitmap.GetPixelSpan();
        byte[] rgb = new byte[size * size * 3];
        for (int from = 0, to = 0; to < rgb.Length; from += 4, to += 3)
        {
            rgba.Slice(from, 3).CopyTo(rgb.AsSpan(to));
        }

        return rgb;
    }
}
