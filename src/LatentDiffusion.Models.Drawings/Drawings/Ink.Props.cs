using SkiaSharp;

namespace LatentDiffusion.Models.Drawings;

/// <content>Props of the attributes. Each draws nothing unless the drawing has its attribute.</content>
internal sealed partial class Ink
{
    /// <summary>A faceted jewel in a gold setting, cool on warm bodies and warm on cool ones.</summary>
    public void Jewel(float x, float y, float radius)
    {
        if (!traits.Jewel)
        {
            return;
        }

        bool warm = traits.Color is "red" or "orange" or "pink" or "brown" or "red and white" or "yellow";
        Tones gem = warm ? Tones.FromHsl(192f, 0.85f, 0.52f) : Tones.FromHsl(350f, 0.85f, 0.52f);
        Shape(Ellipse(x, y, radius * 1.3f, radius * 1.3f), Palette.Gold);
        Span<float> rim = stackalloc float[16];
        Span<float> table = stackalloc float[16];
        for (int i = 0; i < 8; i++)
        {
            (float sin, float cos) = MathF.SinCos((i + 0.5f) * MathF.PI / 4f);
            (rim[2 * i], rim[(2 * i) + 1]) = (x + (cos * radius), y + (sin * radius));
            (table[2 * i], table[(2 * i) + 1]) = (x + (cos * radius * 0.55f), y + (sin * radius * 0.55f));
        }

        SKPath outer = Corners(0f, rim);
        Mark(outer, gem, shading: 1.6f);
        Fill(Corners(0f, table), gem.Light);
        for (int i = 0; i < 8; i++)
        {
            Line(gem.Shade, 0.4f, rim[2 * i], rim[(2 * i) + 1], table[2 * i], table[(2 * i) + 1]);
        }

        Line(outer, gem.Line, 0.8f);
        Fill(Ellipse(x - (radius * 0.25f), y - (radius * 0.25f), radius * 0.2f, radius * 0.14f, -35f), SKColors.White);
    }

    /// <summary>The cape behind the body, from the shoulders down to the hem; to be drawn before the body.</summary>
    public void Cape(float x, float shoulder, float halfWidth, float hem)
    {
        if (!traits.Cape)
        {
            return;
        }

        float w = halfWidth;
        float wide = w * 2.25f;
        float sway = traits.Pose * 0.08f;
        float fold = (hem - shoulder) * 0.08f;
        SKPath cloth = Blob(
            x - (w * 0.8f), shoulder, x + (w * 0.8f), shoulder, x + (w * 1.55f), (shoulder + hem) * 0.45f,
            x + wide + sway, hem, x + (wide * 0.55f) + sway, hem - fold, x + (wide * 0.2f) + sway, hem + fold,
            x - (wide * 0.2f) + sway, hem - fold, x - (wide * 0.55f) + sway, hem + fold, x - wide + sway, hem,
            x - (w * 1.55f), (shoulder + hem) * 0.45f);
        Shape(cloth, traits.Cloth);
        Line(traits.Cloth.Line, 0.6f, x - (w * 1.25f), shoulder + ((hem - shoulder) * 0.55f), x - (wide * 0.74f) + sway, hem - fold);
        Line(traits.Cloth.Line, 0.6f, x + (w * 1.25f), shoulder + ((hem - shoulder) * 0.55f), x + (wide * 0.74f) + sway, hem - fold);
    }

    /// <summary>The cape's collar with its gold clasp; to be drawn over the body.</summary>
    public void Collar(float x, float y, float halfWidth)
    {
        if (!traits.Cape)
        {
            return;
        }

        float w = halfWidth;
        Shape(
            Blob(
                x - w, y - (w * 0.2f), x, y + (w * 0.12f), x + w, y - (w * 0.2f), x + (w * 1.05f), y + (w * 0.22f), x, y + (w * 0.62f),
                x - (w * 1.05f), y + (w * 0.22f)),
            traits.Cloth);
        Shape(Ellipse(x, y + (w * 0.36f), w * 0.2f, w * 0.2f), Palette.Gold);
    }

    /// <summary>A big gray boulder.</summary>
    public void Rock(float x, float y, float radius)
    {
        if (!traits.Rock)
        {
            return;
        }

        float r = radius;
        SKPath boulder = Corners(
            0.22f, x - (r * 1.05f), y + (r * 0.1f), x - (r * 0.72f), y - (r * 0.68f), x - (r * 0.05f), y - (r * 0.92f),
            x + (r * 0.75f), y - (r * 0.62f), x + (r * 1.08f), y + (r * 0.18f), x + (r * 0.7f), y + (r * 0.82f),
            x - (r * 0.68f), y + (r * 0.84f));
        Shape(boulder, Palette.Stone, gloss: true, shading: 1.4f);
        Line(Palette.Stone.Line, 0.6f, x - (r * 0.05f), y - (r * 0.85f), x + (r * 0.12f), y - (r * 0.3f), x + (r * 0.62f), y - (r * 0.1f));
        Line(Palette.Stone.Line, 0.6f, x + (r * 0.12f), y - (r * 0.3f), x - (r * 0.15f), y + (r * 0.1f));
        Line(Palette.Stone.Line, 0.6f, x - (r * 0.75f), y + (r * 0.35f), x - (r * 0.45f), y + (r * 0.25f));
    }

    /// <summary>A white table with a soft shadow on it; to be drawn before the subject that sits on it.</summary>
    public void Surface(float x, float y, float halfWidth)
    {
        if (!traits.Surface)
        {
            return;
        }

        float w = halfWidth * 1.2f;
        SKColor edge = new(0x4C, 0x50, 0x60);
        SKPath front = Corners(0.06f, x - w, y + 0.1f, x + w, y + 0.1f, x + (w * 0.97f), y + 0.36f, x - (w * 0.97f), y + 0.36f);
        Fill(front, new SKColor(0xD2, 0xD6, 0xE0));
        Line(front, edge);
        SKPath top = Corners(0.06f, x - (w * 0.84f), y - 0.16f, x + (w * 0.84f), y - 0.16f, x + w, y + 0.12f, x - w, y + 0.12f);
        Fill(top, new SKColor(0xF5, 0xF6, 0xF9));
        Line(top, edge);
        for (int ring = 0; ring < 4; ring++)
        {
            float grow = 1.06f - (ring * 0.1f);
            Fill(Ellipse(x + 0.04f, y, halfWidth * 0.86f * grow, 0.1f * grow), new SKColor(0x60, 0x66, 0x7C, 46));
        }
    }

    /// <summary>A red hat with a brim and a white band; the point is where it rests on the head.</summary>
    public void Hat(float x, float y, float halfWidth, float degrees = 0f)
    {
        if (!traits.Hat)
        {
            return;
        }

        float w = halfWidth;
        SKPath crown = Moved(
            Blob(
                x - (w * 0.62f), y, x - (w * 0.58f), y - (w * 0.7f), x - (w * 0.3f), y - (w * 0.98f),
                x + (w * 0.3f), y - (w * 0.98f), x + (w * 0.58f), y - (w * 0.7f), x + (w * 0.62f), y),
            0f, 0f, degrees, x, y);
        SKPath band = Moved(
            Corners(0f, x - w, y - (w * 0.38f), x + w, y - (w * 0.38f), x + w, y - (w * 0.08f), x - w, y - (w * 0.08f)),
            0f, 0f, degrees, x, y);
        SKPath brim = Ellipse(x, y, w, w * 0.24f, degrees);
        Shape(crown, Palette.RedCloth, gloss: true);
        Mark(band, Palette.White, within: crown);
        Line(crown, Palette.RedCloth.Line);
        Shape(brim, Palette.RedCloth);
    }

    /// <summary>Glasses before eyes that are not the usual ones.</summary>
    public void Spectacles(float x, float y, float gap, float radius) => Glasses(x - gap, x + gap, y, radius);

    private void Glasses(float left, float right, float y, float radius)
    {
        if (!traits.Glasses)
        {
            return;
        }

        SKColor frame = new(0x22, 0x22, 0x2A);
        foreach (float x in (ReadOnlySpan<float>)[left, right])
        {
            SKPath lens = Ellipse(x, y, radius, radius);
            Fill(lens, new SKColor(0xBE, 0xE6, 0xFF, 150));

            // A pale line beneath keeps the frame visible on dark bodies.
            Line(lens, new SKColor(0xF0, 0xF2, 0xF6), 2f);
            Line(lens, frame, 1.6f);
        }

        Line(frame, 1.3f, left + radius, y, (left + right) * 0.5f, y - (radius * 0.18f), right - radius, y);
        Line(frame, 1.3f, left - radius, y - (radius * 0.1f), left - (radius * 1.35f), y - (radius * 0.25f));
        Line(frame, 1.3f, right + radius, y - (radius * 0.1f), right + (radius * 1.35f), y - (radius * 0.25f));
    }
}
