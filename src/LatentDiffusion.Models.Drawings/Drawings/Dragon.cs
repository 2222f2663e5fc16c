using SkiaSharp;

namespace LatentDiffusion.Models.Drawings;

/// <summary>A dragon: horns, a spiked crest, bat wings, a plated belly and a tail with a spade at its end.</summary>
internal sealed class Dragon : FourLegged
{
    protected override float Bulk => 1.05f;

    protected override (float X, float Y) StandingHead => (-0.4f, -0.42f);

    protected override float HeadSize => 0.94f;

    protected override void Tail(Ink ink, Traits t, float x, float y)
    {
        float k = t.Limb;
        float tx = x + (0.52f * k);
        float ty = y - (0.28f * k);
        ink.Shape(
            ink.Corners(0.1f, tx - 0.14f, ty + 0.02f, tx + 0.02f, ty - 0.28f, tx + 0.18f, ty + 0.04f, tx + 0.02f, ty - 0.04f),
            t.Second);
        ink.Shape(ink.Tube(0.15f, 0.045f, x - 0.06f, y + 0.05f, x + (0.26f * k), y + 0.1f, x + (0.48f * k), y - 0.08f, tx, ty), t.Main);
    }

    protected override void Behind(Ink ink, Traits t, float x, float y)
    {
        float span = t.Wings ? 1.35f : 0.84f;
        foreach (float side in Sides)
        {
            // From the side, only spread wings show on both sides of the head.
            if (side > 0f || t.Wings || x == 0f)
            {
                Wing(ink, t, x, y, span, side);
            }
        }
    }

    protected override void Ears(Ink ink, Traits t, float x, float y, float r)
    {
        foreach (float side in Sides)
        {
            ink.Shape(
                ink.Tube(
                    r * 0.17f, r * 0.03f, x + (side * r * 0.4f), y - (r * 0.6f), x + (side * r * 0.62f), y - (r * 1.05f * t.Ear),
                    x + (side * r * 1.0f), y - (r * 1.4f * t.Ear)),
                Palette.Gold.LinedLike(t.Main));
            ink.Shape(
                ink.Corners(
                    0.15f, x + (side * r * 0.8f), y - (r * 0.2f), x + (side * r * 1.42f), y - (r * 0.34f),
                    x + (side * r * 1.16f), y + (r * 0.02f), x + (side * r * 1.3f), y + (r * 0.3f),
                    x + (side * r * 0.75f), y + (r * 0.5f)),
                t.Second);
        }

        ink.Shape(ink.Corners(0.1f, x - (r * 0.2f), y - (r * 0.75f), x, y - (r * 1.22f), x + (r * 0.2f), y - (r * 0.75f)), t.Second);
    }

    protected override SKPath Skull(Ink ink, float x, float y, float r) =>
        ink.Blob(
            x - (r * 0.55f), y - (r * 0.78f), x + (r * 0.55f), y - (r * 0.78f), x + (r * 0.92f), y - (r * 0.15f),
            x + (r * 0.82f), y + (r * 0.5f), x, y + (r * 0.86f), x - (r * 0.82f), y + (r * 0.5f), x - (r * 0.92f), y - (r * 0.15f));

    protected override void Face(Ink ink, Traits t, float x, float y, float r, SKPath skull)
    {
        ink.Eyes(x, y - (r * 0.16f), r * 0.42f, r * 0.24f);
        ink.Mark(ink.Ellipse(x, y + (r * 0.72f), r * 0.7f, r * 0.56f), t.Second, shading: 0.3f, within: skull);
        ink.Line(skull, t.Main.Line);
        ink.Fill(ink.Ellipse(x - (r * 0.13f), y + (r * 0.27f), r * 0.055f, r * 0.04f, 25f), t.Main.Line);
        ink.Fill(ink.Ellipse(x + (r * 0.13f), y + (r * 0.27f), r * 0.055f, r * 0.04f, -25f), t.Main.Line);
        ink.Line(
            t.Main.Line, 1.2f, x - (r * 0.46f), y + (r * 0.36f), x - (r * 0.26f), y + (r * 0.54f), x, y + (r * 0.6f),
            x + (r * 0.26f), y + (r * 0.54f), x + (r * 0.46f), y + (r * 0.36f));
        foreach (float side in Sides)
        {
            ink.Fill(
                ink.Corners(
                    0f, x + (side * r * 0.36f), y + (r * 0.5f), x + (side * r * 0.2f), y + (r * 0.54f),
                    x + (side * r * 0.27f), y + (r * 0.72f)),
                SKColors.White);
        }
    }

    protected override void Belly(Ink ink, Traits t, SKPath body)
    {
        SKPath belly = ink.Ellipse(0f, 0.46f, 0.26f, 0.42f);
        ink.Mark(belly, t.Second, within: body);
        for (float y = 0.26f; y < 0.8f; y += 0.16f)
        {
            float w = 0.25f * MathF.Sqrt(MathF.Max(0f, 1f - ((y - 0.46f) * (y - 0.46f) / 0.17f)));
            ink.Line(t.Second.Shade, 1.4f, -w, y, 0f, y + 0.03f, w, y);
        }
    }

    private static void Wing(Ink ink, Traits t, float x, float y, float span, float side)
    {
        float s = span;
        float rise = s * 0.62f;
        SKPath wing = ink.Corners(
            0.07f,
            x - 0.1f, y + 0.15f,
            x - (0.45f * s), y - (rise * 0.9f),
            x - (0.92f * s), y - rise,
            x - (1.0f * s), y + (0.02f * s),
            x - (0.78f * s), y - (0.1f * s),
            x - (0.68f * s), y + (0.22f * s),
            x - (0.46f * s), y + (0.06f * s),
            x - (0.34f * s), y + (0.34f * s));
        ink.Shape(ink.OnSide(side, wing, x), t.Second);
        SKPath bones = ink.Curve(x - (0.92f * s), y - rise, x - (0.7f * s), y + (0.18f * s));
        ink.Line(ink.OnSide(side, bones, x), t.Main.Line, 0.8f);
        SKPath arm = ink.Tube(0.06f, 0.035f, x - 0.08f, y + 0.1f, x - (0.45f * s), y - (rise * 0.86f), x - (0.92f * s), y - rise);
        ink.Shape(ink.OnSide(side, arm, x), t.Main);
    }
}
