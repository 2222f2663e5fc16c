using SkiaSharp;

namespace LatentDiffusion.Models.Drawings;

/// <summary>A butterfly: seen from above with its wings spread, else from the side with them folded up.</summary>
internal sealed class Butterfly : Subject
{
    public override void Draw(Ink ink, Traits t)
    {
        if (t.Wings)
        {
            Spread(ink, t);
        }
        else
        {
            Folded(ink, t);
        }
    }

    private static Tones Hide(Traits t) => Tones.FromHsl(25f, 0.3f, 0.3f).LinedLike(t.Main);

    private static void Spread(Ink ink, Traits t)
    {
        float k = t.Limb;
        foreach (float side in Sides)
        {
            SKPath low = ink.Blob(-0.06f, 0.1f, -0.5f * k, 0.12f, -0.78f * k, 0.4f, -0.6f * k, 0.78f, -0.3f, 0.76f, -0.1f, 0.44f);
            Wing(ink, t, ink.OnSide(side, low), side * 0.44f * k, 0.46f, 0.17f);
            SKPath high = ink.Blob(
                -0.05f, 0.1f, -0.2f, -0.4f, -0.6f * k, -0.78f, -1.0f * k, -0.72f, -1.04f * k, -0.3f, -0.76f * k, 0.12f,
                -0.36f, 0.22f);
            Wing(ink, t, ink.OnSide(side, high), side * 0.68f * k, -0.34f, 0.24f);
        }

        ink.Shape(ink.Ellipse(0f, 0.26f, 0.11f, 0.5f), Hide(t), gloss: true);
        Antennae(ink, t, 0f, -0.42f);
        Head(ink, t, 0f, -0.28f, 0.3f * t.Head);
    }

    private static void Folded(Ink ink, Traits t)
    {
        float k = t.Limb;
        ink.Surface(0.05f, 0.66f, 0.68f);
        SKPath high = ink.Blob(
            -0.08f, 0.4f, -0.14f, -0.1f, 0.1f, -0.62f * k, 0.52f, -0.78f * k, 0.92f * k, -0.56f * k, 0.92f * k, -0.1f, 0.56f, 0.24f,
            0.2f, 0.44f);
        ink.Shape(ink.Moved(high, 0f, 0f, -15f, 0f, 0.4f), t.Main.Far);
        SKPath low = ink.Blob(0f, 0.42f, 0.4f, 0.2f, 0.86f * k, 0.26f, 0.94f * k, 0.52f, 0.6f * k, 0.66f, 0.2f, 0.56f);
        Wing(ink, t, low, 0.62f * k, 0.42f, 0.14f);
        Wing(ink, t, high, 0.5f * k, -0.28f, 0.25f);
        ink.Shape(ink.Tube(0.13f, 0.07f, -0.3f, 0.34f, 0.1f, 0.52f, 0.5f, 0.62f), Hide(t));
        foreach (float x in (ReadOnlySpan<float>)[-0.12f, 0.1f])
        {
            ink.Line(t.Main.Line, 1.2f, x, 0.52f, x - 0.07f, 0.68f);
        }

        Antennae(ink, t, -0.42f, 0.08f);
        Head(ink, t, -0.42f, 0.2f, 0.27f * t.Head);
    }

    private static void Wing(Ink ink, Traits t, SKPath wing, float x, float y, float spot)
    {
        ink.Shape(wing, t.Main, shading: 1.1f);
        spot *= t.TwoTone ? 1.35f : 1.1f;
        ink.Mark(ink.Ellipse(x, y, spot, spot), t.Second, shading: 0.6f, within: wing);
        ink.Mark(ink.Ellipse(x, y, spot * 0.45f, spot * 0.45f), t.Main, within: wing);
        ink.Line(wing, t.Main.Line);
    }

    private static void Antennae(Ink ink, Traits t, float x, float y)
    {
        foreach (float side in Sides)
        {
            float ex = x + (side * 0.26f);
            float ey = y - (0.36f * t.Ear);
            ink.Line(t.Main.Line, 1.3f, x + (side * 0.06f), y, x + (side * 0.12f), y - 0.2f, ex, ey);
            ink.Shape(ink.Ellipse(ex, ey, 0.05f, 0.05f), t.Main);
        }
    }

    private static void Head(Ink ink, Traits t, float x, float y, float r)
    {
        ink.Shape(ink.Ellipse(x, y, r, r), t.Second);
        ink.Cheeks(x, y + (r * 0.4f), r * 0.7f, r * 0.18f);
        ink.Eyes(x, y - (r * 0.08f), r * 0.44f, r * 0.32f);
        ink.Mouth(x, y + (r * 0.45f), r * 0.24f);
        ink.Hat(x, y - (r * 0.78f), r * 0.98f, -6f);
    }
}
