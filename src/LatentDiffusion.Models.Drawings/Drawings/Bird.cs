using SkiaSharp;

namespace LatentDiffusion.Models.Drawings;

/// <summary>A plump little bird; from the front when it spreads its wings or wears a cape.</summary>
internal sealed class Bird : Subject
{
    public override void Draw(Ink ink, Traits t)
    {
        if (t.Wings || t.Cape)
        {
            Front(ink, t);
        }
        else
        {
            Side(ink, t);
        }
    }

    private static void Side(Ink ink, Traits t)
    {
        float tail = t.Limb;
        ink.Surface(0f, 0.6f, 0.8f);
        ink.Shape(ink.Corners(0.12f, 0.34f, 0.1f, 0.95f * tail, -0.02f, 1.02f * tail, 0.18f, 0.86f * tail, 0.3f, 0.3f, 0.5f), t.Main.Far);
        // On the table it sits on its feet.
        foreach (float x in t.Surface ? [] : (ReadOnlySpan<float>)[-0.08f, 0.16f])
        {
            ink.Shape(ink.Tube(0.035f, 0.035f, x, 0.55f, x, 0.82f), Palette.Beak);
            ink.Shape(ink.Blob(x - 0.18f, 0.88f, x - 0.02f, 0.79f, x + 0.08f, 0.88f, x - 0.04f, 0.9f), Palette.Beak);
        }

        SKPath body = ink.Blob(
            -0.3f, -0.72f, 0.06f, -0.62f, 0.22f, -0.28f, 0.52f, 0.08f, 0.52f, 0.4f, 0.2f, 0.66f, -0.28f, 0.62f, -0.58f, 0.26f,
            -0.62f, -0.1f, -0.64f, -0.44f);
        ink.Shape(body, t.Main, gloss: true);
        ink.Mark(ink.Ellipse(-0.4f, 0.34f, 0.38f, 0.46f, -20f), t.Second, within: body);
        ink.Line(body, t.Main.Line);
        SKPath wing = ink.Blob(
            -0.1f, -0.02f, 0.18f, -0.08f, 0.46f, 0.1f, 0.72f, 0.4f, 0.48f, 0.42f, 0.44f, 0.5f, 0.2f, 0.44f, -0.04f, 0.3f);
        ink.Shadow(wing, body, 0.05f);
        ink.Shape(wing, t.Main.Far);
        ink.Mark(ink.Ellipse(0.52f, 0.46f, 0.34f, 0.2f, 30f), t.Second, shading: 0.4f, within: wing);
        ink.Line(wing, t.Main.Line);
        ink.Line(t.Main.Line, 1f, 0.22f, 0.2f, 0.36f, 0.32f, 0.5f, 0.4f);
        ink.Shape(ink.Corners(0.12f, -0.56f, -0.38f, -0.96f, -0.24f, -0.54f, -0.12f), Palette.Beak);
        ink.Line(Palette.Beak.Line, 0.9f, -0.9f, -0.25f, -0.56f, -0.25f);
        ink.Shape(ink.Tube(0.05f, 0.03f, -0.2f, -0.68f, -0.16f, -0.86f * t.Ear, -0.02f, -0.94f * t.Ear), t.Main);
        ink.Cheeks(-0.28f, -0.12f, 0f, 0.1f);
        if (t.Glasses)
        {
            ink.Eyes(-0.31f, -0.36f, 0.2f, 0.13f);
        }
        else
        {
            ink.Eye(-0.3f, -0.36f, 0.16f);
        }

        ink.Hat(-0.2f, -0.66f, 0.42f, 6f);
    }

    private static void Front(Ink ink, Traits t)
    {
        ink.Cape(0f, -0.1f, 0.38f, 0.82f);
        if (!t.Cape)
        {
            ink.Shape(ink.Corners(0.15f, -0.14f, 0.4f, 0.14f, 0.4f, 0.3f, 0.9f, 0f, 0.8f, -0.3f, 0.9f), t.Main.Far);
        }

        foreach (float side in Sides)
        {
            if (t.Wings)
            {
                SpreadWing(ink, t, side);
            }

            ink.Shape(ink.Tube(0.035f, 0.035f, side * 0.15f, 0.5f, side * 0.16f, 0.7f), Palette.Beak);
            ink.Shape(ink.Blob(side * 0.04f, 0.74f, side * 0.16f, 0.66f, side * 0.3f, 0.74f, side * 0.16f, 0.77f), Palette.Beak);
        }

        SKPath body = ink.Blob(
            0f, -0.72f, 0.34f, -0.56f, 0.42f, -0.2f, 0.46f, 0.24f, 0.26f, 0.54f, 0f, 0.6f, -0.26f, 0.54f, -0.46f, 0.24f,
            -0.42f, -0.2f, -0.34f, -0.56f);
        ink.Shape(body, t.Main);
        ink.Highlight(-0.17f, -0.56f, 0.06f, t.Main.Light);
        ink.Mark(ink.Ellipse(0f, 0.32f, 0.32f, 0.4f), t.Second, within: body);
        ink.Line(body, t.Main.Line);
        if (!t.Wings)
        {
            foreach (float side in Sides)
            {
                ink.Shape(ink.OnSide(side, ink.Blob(-0.36f, -0.02f, -0.52f, 0.1f, -0.5f, 0.42f, -0.3f, 0.34f)), t.Main.Far);
            }
        }

        ink.Collar(0f, -0.06f, 0.36f);
        ink.Shape(ink.Tube(0.045f, 0.03f, 0f, -0.7f, 0.03f, -0.86f * t.Ear, 0.13f, -0.93f * t.Ear), t.Main);
        ink.Cheeks(0f, -0.16f, 0.29f, 0.08f);
        ink.Eyes(0f, -0.32f, 0.2f, 0.12f);
        ink.Shape(ink.Corners(0.15f, -0.12f, -0.22f, 0.12f, -0.22f, 0f, -0.04f), Palette.Beak);
    }

    private static void SpreadWing(Ink ink, Traits t, float side)
    {
        float up = t.Pose * 0.1f;
        float w = 0.9f + (0.1f * t.Limb);
        SKPath wing = ink.Corners(
            0.2f,
            -0.3f, -0.2f, -0.66f * w, -0.52f - up, -1.12f * w, -0.62f - up, -1.2f * w, -0.4f - up, -1.06f * w, -0.3f - up,
            -1.12f * w, -0.1f - up, -0.98f * w, -0.04f - up, -1.0f * w, 0.2f - up, -0.82f * w, 0.2f, -0.8f * w, 0.42f,
            -0.62f * w, 0.36f, -0.54f * w, 0.52f, -0.32f, 0.36f);
        ink.Shape(ink.OnSide(side, wing), t.Second);
        ink.Line(t.Main.Line, 0.9f, side * 0.98f * w, -0.02f - up, side * 0.72f * w, -0.06f);
        ink.Line(t.Main.Line, 0.9f, side * 0.78f * w, 0.22f, side * 0.54f * w, 0.1f);
        SKPath upper = ink.Corners(
            0.2f, -0.28f, -0.24f, -0.66f * w, -0.52f - up, -1.12f * w, -0.62f - up, -1.1f * w, -0.4f - up, -0.78f * w, -0.08f - up,
            -0.36f, 0.14f);
        ink.Shape(ink.OnSide(side, upper), t.Main);
    }
}
