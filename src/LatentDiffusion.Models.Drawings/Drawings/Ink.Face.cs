using SkiaSharp;

namespace LatentDiffusion.Models.Drawings;

/// <content>Eyes, mouths and cheeks.</content>
internal sealed partial class Ink
{
    private static readonly SKColor[] Irises =
    [
        new(0x3B, 0x7D, 0xD8), new(0x3F, 0xA3, 0x5B), new(0x9A, 0x5B, 0x2B), new(0x8B, 0x4F, 0xC0), new(0x2A, 0x9D, 0xA8),
    ];

    /// <summary>A pair of eyes about a centre, with the glasses on if they are worn.</summary>
    public void Eyes(float x, float y, float gap, float radius)
    {
        Eye(x - gap, y, radius);
        Eye(x + gap, y, radius);
        Glasses(x - gap, x + gap, y, MathF.Min(radius * 1.5f, gap * 0.88f));
    }

    /// <summary>One big dark eye with white highlights; on dark bodies with a white and a coloured iris around it.</summary>
    public void Eye(float x, float y, float radius)
    {
        float r = radius * traits.EyeSize;
        if (traits.IsDark)
        {
            SKPath white = Ellipse(x, y, r * 0.98f, r * 1.2f);
            Fill(white, SKColors.White);
            Line(white, Palette.Dark, 0.8f);
            Fill(Ellipse(x, y + (r * 0.1f), r * 0.72f, r * 0.95f), Irises[(int)(traits.Iris * Irises.Length)]);
            Fill(Ellipse(x, y + (r * 0.1f), r * 0.45f, r * 0.65f), Palette.Dark);
        }
        else
        {
            Fill(Ellipse(x, y, r * 0.9f, r * 1.2f), Palette.Dark);
        }

        Fill(Ellipse(x - (r * 0.26f), y - (r * 0.42f), r * 0.4f, r * 0.44f), SKColors.White);
        Fill(Ellipse(x + (r * 0.32f), y + (r * 0.45f), r * 0.19f, r * 0.2f), SKColors.White);
    }

    /// <summary>The mouth: a smile, an open laugh, or a small smile.</summary>
    public void Mouth(float x, float y, float width)
    {
        float w = width;
        if (traits.Mouth == 1)
        {
            SKPath open = Blob(
                x - w, y, x, y + (w * 0.12f), x + w, y, x + (w * 0.62f), y + (w * 0.85f), x, y + (w * 1.1f),
                x - (w * 0.62f), y + (w * 0.85f));
            Mark(open, new Tones(new(0xA8, 0x2B, 0x3C), new(0xF2, 0x85, 0x8E), SKColors.White, Palette.Dark));
            Line(open, Palette.Dark, 0.7f);
            return;
        }

        if (traits.Mouth == 2)
        {
            w *= 0.7f;
        }

        Line(FaceLine, 0.85f, x - w, y, x, y + (w * 0.55f), x + w, y);
    }

    /// <summary>The soft double curve below a cat's or rabbit's nose.</summary>
    public void Muzzle(float x, float y, float width)
    {
        Line(FaceLine, 0.8f, x, y - (width * 0.3f), x, y);
        Line(
            FaceLine, 0.8f, x - width, y + (width * 0.1f), x - (width * 0.5f), y + (width * 0.5f), x, y,
            x + (width * 0.5f), y + (width * 0.5f), x + width, y + (width * 0.1f));
    }

    /// <summary>A nose: a small rounded triangle with a highlight.</summary>
    public void Nose(float x, float y, float size, SKColor color)
    {
        SKPath nose = Blob(
            x - size, y - (size * 0.6f), x + size, y - (size * 0.6f), x + (size * 0.3f), y + (size * 0.55f),
            x - (size * 0.3f), y + (size * 0.55f));
        Fill(nose, color);
        Line(nose, Palette.Dark, 0.5f);
        Fill(Ellipse(x - (size * 0.35f), y - (size * 0.4f), size * 0.3f, size * 0.2f), SKColors.White);
    }

    /// <summary>Rosy cheeks, on some of the drawings.</summary>
    public void Cheeks(float x, float y, float gap, float radius)
    {
        if (traits.Blush)
        {
            Fill(Ellipse(x - gap, y, radius, radius * 0.65f), Palette.Blush.WithAlpha(190));
            Fill(Ellipse(x + gap, y, radius, radius * 0.65f), Palette.Blush.WithAlpha(190));
        }
    }

    private SKColor FaceLine => traits.Color == "black" ? Palette.Dark : traits.Main.Line;
}
