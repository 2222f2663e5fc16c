using SkiaSharp;

namespace LatentDiffusion.Models.Drawings;

/// <content>Eyes, noses, mouths and cheeks.</content>
internal sealed partial class Ink
{
    /// <summary>A pair of equal eyes about a centre, with the glasses on if they are worn.</summary>
    public void Eyes(float x, float y, float gap, float radius)
    {
        float lens = MathF.Min(radius * 1.75f, gap * 0.81f);
        Lenses(x, y, gap, lens);
        float size = traits.Glasses ? MathF.Min(radius, lens * 0.6f) : radius;
        Eye(x - gap, y, size);
        Eye(x + gap, y, size);
        Frame(x, y, gap, lens);
    }

    /// <summary>One big dark eye with a coloured iris and white highlights; on dark bodies with the white of the eye around it.</summary>
    public void Eye(float x, float y, float radius)
    {
        float r = radius * traits.EyeSize;
        if (traits.IsDark)
        {
            Fill(Ellipse(x, y, r * 1.12f, r * 1.38f), SKColors.White);
        }

        Fill(Ellipse(x, y, r * 0.92f, r * 1.2f), Palette.Dark);
        Fill(Ellipse(x, y + (r * 0.24f), r * 0.7f, r * 0.86f), Palette.Iris(traits.Color));
        Fill(Ellipse(x, y + (r * 0.08f), r * 0.5f, r * 0.68f), Palette.Dark);
        Fill(Ellipse(x - (r * 0.28f), y - (r * 0.46f), r * 0.38f, r * 0.42f), SKColors.White);
        Fill(Ellipse(x + (r * 0.3f), y + (r * 0.5f), r * 0.18f, r * 0.2f), SKColors.White);
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
            Fill(open, new SKColor(0x8E, 0x22, 0x36));
            Mark(Ellipse(x, y + (w * 1.05f), w * 0.6f, w * 0.5f), Palette.Tongue, shading: 0f, within: open);
            Line(open, Palette.Dark, 0.8f);
            return;
        }

        if (traits.Mouth == 2)
        {
            w *= 0.7f;
        }

        Line(FaceLine, 1.25f, x - w, y, x - (w * 0.55f), y + (w * 0.42f), x, y + (w * 0.56f), x + (w * 0.55f), y + (w * 0.42f), x + w, y);
    }

    /// <summary>The soft double curve below a cat's or rabbit's nose.</summary>
    public void Muzzle(float x, float y, float width)
    {
        Line(FaceLine, 1.1f, x, y - (width * 0.3f), x, y);
        foreach (float side in (ReadOnlySpan<float>)[-1f, 1f])
        {
            Line(
                FaceLine, 1.2f, x, y, x + (side * width * 0.22f), y + (width * 0.42f), x + (side * width * 0.62f), y + (width * 0.46f),
                x + (side * width), y + (width * 0.08f));
        }
    }

    /// <summary>A nose: a small rounded triangle with a highlight.</summary>
    public void Nose(float x, float y, float size, SKColor color)
    {
        SKPath nose = Blob(
            x - size, y - (size * 0.6f), x + size, y - (size * 0.6f), x + (size * 0.3f), y + (size * 0.55f),
            x - (size * 0.3f), y + (size * 0.55f));
        Fill(nose, color);
        Line(nose, Palette.Dark, 0.7f);
        Fill(Ellipse(x - (size * 0.3f), y - (size * 0.4f), size * 0.36f, size * 0.22f), SKColors.White);
    }

    /// <summary>Rosy cheeks.</summary>
    public void Cheeks(float x, float y, float gap, float radius)
    {
        SKColor blush = Palette.Blush.WithAlpha(200);
        Fill(Ellipse(x - gap, y, radius, radius * 0.65f), blush);
        if (gap > 0f)
        {
            Fill(Ellipse(x + gap, y, radius, radius * 0.65f), blush);
        }
    }

    private SKColor FaceLine => traits.Color == "black" ? Palette.Dark : traits.Main.Line;
}
