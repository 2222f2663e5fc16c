using SkiaSharp;

namespace LatentDiffusion.Models.Drawings;

/// <content>Props of the attributes. Each draws nothing unless the drawing has its attribute.</content>
internal sealed partial class Ink
{
    private const int Facets = 8;

    /// <summary>A faceted jewel in a gold setting, cool on warm bodies and warm on cool ones.</summary>
    public void Jewel(float x, float y, float radius)
    {
        if (!traits.Jewel)
        {
            return;
        }

        Tones gem = Palette.IsWarm(traits.Color) ? Tones.FromHsl(192f, 0.85f, 0.50f) : Tones.FromHsl(350f, 0.85f, 0.52f);
        Shape(Ellipse(x, y, radius * 1.32f, radius * 1.32f), Palette.Gold);
        Span<float> rim = stackalloc float[2 * Facets];
        for (int i = 0; i < Facets; i++)
        {
            (float sin, float cos) = MathF.SinCos((i + 0.5f) * MathF.PI / 4f);
            (rim[2 * i], rim[(2 * i) + 1]) = (cos, sin);
        }

        // Each facet is as bright as it faces the light at the upper left.
        const float table = 0.54f;
        for (int i = 0; i < Facets; i++)
        {
            int next = (i + 1) % Facets;
            (float ax, float ay, float bx, float by) = (rim[2 * i], rim[(2 * i) + 1], rim[2 * next], rim[(2 * next) + 1]);
            float light = 0.5f - (0.27f * (ax + bx + ay + by) / 1.42f);
            SKColor color = light > 0.5f
                ? Tones.Mix(gem.Fill, gem.Light, MathF.Min(1f, (light - 0.5f) * 1.6f))
                : Tones.Mix(gem.Shade, gem.Fill, MathF.Max(0f, light * 2f));
            Fill(
                Corners(
                    0f, x + (ax * radius), y + (ay * radius), x + (bx * radius), y + (by * radius),
                    x + (bx * radius * table), y + (by * radius * table), x + (ax * radius * table), y + (ay * radius * table)),
                color);
        }

        for (int i = 0; i < 2 * Facets; i += 2)
        {
            (rim[i], rim[i + 1]) = (x + (rim[i] * radius), y + (rim[i + 1] * radius));
        }

        SKPath outer = Corners(0f, rim);
        SKPath top = New();
        outer.Transform(SKMatrix.CreateScale(table, table, x, y), top);
        Fill(top, Tones.Mix(gem.Fill, gem.Light, 0.35f));
        Line(outer, gem.Line, 0.9f);
        Fill(Ellipse(x - (radius * 0.2f), y - (radius * 0.22f), radius * 0.24f, radius * 0.14f, -35f), SKColors.White);
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
        float sway = traits.Pose * 0.06f;
        float fold = (hem - shoulder) * 0.07f;
        SKPath cloth = Blob(
            x - (w * 0.8f), shoulder, x + (w * 0.8f), shoulder, x + (w * 1.55f), (shoulder + hem) * 0.45f,
            x + wide + sway, hem, x + (wide * 0.55f) + sway, hem - fold, x + (wide * 0.2f) + sway, hem + fold,
            x - (wide * 0.2f) + sway, hem - fold, x - (wide * 0.55f) + sway, hem + fold, x - wide + sway, hem,
            x - (w * 1.55f), (shoulder + hem) * 0.45f);
        Shape(cloth, traits.Cloth);
        foreach (float side in (ReadOnlySpan<float>)[-1f, 1f])
        {
            // A fold: a wedge of shade from the shoulder to the hem, with a line along it.
            float top = shoulder + ((hem - shoulder) * 0.3f);
            float foot = x + (side * wide * 0.72f) + sway;
            SKPath wedge = Blob(
                x + (side * w * 1.02f), top, x + (side * w * 1.36f), (top + hem) * 0.5f, foot + (0.16f * w), hem + fold,
                foot - (0.2f * w), hem + fold, x + (side * w * 1.2f), (top + hem) * 0.52f);
            Mark(wedge, Tones.Flat(traits.Cloth.Shade, traits.Cloth.Line), shading: 0f, within: cloth);
            Line(
                traits.Cloth.Line, 0.9f,
                x + (side * w * 1.08f), top, x + (side * w * 1.36f), (top + hem) * 0.5f, foot, hem - (fold * 0.8f));
        }

        Line(cloth, traits.Cloth.Line);
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
            traits.Cloth,
            shading: 1.3f);
        float clasp = MathF.Max(w * 0.22f, 0.075f);
        Shape(Ellipse(x, y + (w * 0.36f), clasp, clasp), Palette.Gold);
        Fill(Ellipse(x - (clasp * 0.3f), y + (w * 0.36f) - (clasp * 0.35f), clasp * 0.32f, clasp * 0.24f, -35f), SKColors.White);
    }

    /// <summary>A big gray boulder of flat planes, lit from the upper left, with a crack.</summary>
    public void Rock(float x, float y, float radius)
    {
        if (!traits.Rock)
        {
            return;
        }

        float r = radius;
        Tones stone = Palette.Stone;
        SKPath boulder = Corners(
            0.18f, x - (r * 1.05f), y + (r * 0.1f), x - (r * 0.72f), y - (r * 0.68f), x - (r * 0.05f), y - (r * 0.92f),
            x + (r * 0.75f), y - (r * 0.62f), x + (r * 1.08f), y + (r * 0.18f), x + (r * 0.7f), y + (r * 0.82f),
            x - (r * 0.68f), y + (r * 0.84f));
        Shape(boulder, stone, shading: 0f);
        Plane(Tones.Mix(stone.Fill, stone.Light, 0.75f), -0.8f, -0.8f, -0.05f, -1f, 0.12f, -0.34f, -0.5f, -0.22f);
        Plane(Tones.Mix(stone.Fill, stone.Light, 0.35f), -1.2f, 0.12f, -0.8f, -0.8f, -0.5f, -0.22f, -0.62f, 0.34f);
        Plane(stone.Shade, 0.44f, 0.24f, 1.2f, 0.16f, 0.8f, 1f, -0.8f, 1f, -0.62f, 0.34f);
        Plane(Tones.Mix(stone.Shade, stone.Fill, 0.45f), 0.12f, -0.34f, 0.85f, -0.75f, 1.2f, 0.16f, 0.44f, 0.24f);
        Line(boulder, stone.Line);
        Line(
            stone.Line, 1.1f, x - (r * 0.02f), y - (r * 0.88f), x + (r * 0.14f), y - (r * 0.6f), x + (r * 0.04f), y - (r * 0.36f),
            x + (r * 0.2f), y - (r * 0.08f));

        void Plane(SKColor color, params ReadOnlySpan<float> corners)
        {
            SKPath plane = Corners(0f, corners);
            plane.Transform(SKMatrix.CreateScale(r, r).PostConcat(SKMatrix.CreateTranslation(x, y)));
            Mark(plane, Tones.Flat(color, stone.Line), shading: 0f, within: boulder);
        }
    }

    /// <summary>A white table with a shadow on it; to be drawn before the subject that sits on it.</summary>
    public void Surface(float x, float y, float halfWidth)
    {
        if (!traits.Surface)
        {
            return;
        }

        float w = halfWidth * 1.2f;
        SKColor edge = new(0x4C, 0x50, 0x60);
        Tones side = new(new(0xD6, 0xDA, 0xE4), new(0xBC, 0xC2, 0xD0), SKColors.White, edge);
        Tones board = new(new(0xF8, 0xF9, 0xFC), new(0xE4, 0xE8, 0xF0), SKColors.White, edge);
        Shape(Corners(0.06f, x - w, y + 0.1f, x + w, y + 0.1f, x + (w * 0.97f), y + 0.36f, x - (w * 0.97f), y + 0.36f), side);
        SKPath top = Corners(0.06f, x - (w * 0.84f), y - 0.16f, x + (w * 0.84f), y - 0.16f, x + w, y + 0.12f, x - w, y + 0.12f);
        Shape(top, board, shading: 0.5f);
        Mark(Ellipse(x + 0.05f, y, halfWidth * 0.92f, 0.1f), Tones.Flat(new(0xBA, 0xC0, 0xD2), edge), shading: 0f, within: top);
    }

    /// <summary>A red hat with a brim and a gold band; the point is where it rests on the head.</summary>
    public void Hat(float x, float y, float halfWidth, float degrees = 0f)
    {
        if (!traits.Hat)
        {
            return;
        }

        float w = halfWidth;
        SKPath crown = Turned(
            Blob(
                x - (w * 0.62f), y, x - (w * 0.58f), y - (w * 0.7f), x - (w * 0.3f), y - (w * 0.98f),
                x + (w * 0.3f), y - (w * 0.98f), x + (w * 0.58f), y - (w * 0.7f), x + (w * 0.62f), y));
        SKPath band = Turned(
            Blob(
                x - w, y - (w * 0.46f), x, y - (w * 0.36f), x + w, y - (w * 0.46f), x + w, y - (w * 0.06f), x, y + (w * 0.02f),
                x - w, y - (w * 0.06f)));
        SKPath brim = Turned(
            Blob(
                x - w, y - (w * 0.06f), x - (w * 0.6f), y - (w * 0.16f), x, y - (w * 0.1f), x + (w * 0.6f), y - (w * 0.16f),
                x + w, y - (w * 0.06f), x + (w * 0.62f), y + (w * 0.18f), x, y + (w * 0.26f), x - (w * 0.62f), y + (w * 0.18f)));
        Shape(crown, Palette.RedCloth, gloss: true);
        Mark(band, Palette.Gold, within: crown, shading: 0.6f);
        Line(crown, Palette.RedCloth.Line);
        Shape(brim, Palette.RedCloth);

        SKPath Turned(SKPath path) => Moved(path, 0f, 0f, degrees, x, y);
    }

    /// <summary>Glasses before eyes that are not the usual ones: first the lenses, then the eyes, then the frame.</summary>
    public void Spectacles(float x, float y, float gap, float halfWidth, Action eyes)
    {
        Lenses(x, y, gap, halfWidth);
        eyes();
        Frame(x, y, gap, halfWidth);
    }
}
