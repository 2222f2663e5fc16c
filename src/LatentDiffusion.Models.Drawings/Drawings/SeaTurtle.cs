using SkiaSharp;

namespace LatentDiffusion.Models.Drawings;

/// <summary>
/// A sea turtle: a patterned shell and long flippers; upright, belly to the front, when there is something to hold, to wear on
/// it or to sit on.
/// </summary>
internal sealed class SeaTurtle : Subject
{
    public override void Draw(Ink ink, Traits t)
    {
        if (t.Rock || t.Jewel || t.Surface)
        {
            Upright(ink, t);
        }
        else
        {
            Swim(ink, t);
        }
    }

    private static void Swim(Ink ink, Traits t)
    {
        float f = t.Limb;
        ink.Shape(ink.Tube(0.1f, 0.03f, 0.72f, 0.3f, 0.98f, 0.34f, 1.08f, 0.46f), t.Main.Far);
        ink.Shape(ink.Blob(-0.3f, 0.22f, -0.1f, 0.3f, -0.2f, 0.6f * f, -0.4f, 0.62f * f), t.Main.Far);
        ink.Shape(ink.Blob(-0.5f, 0.2f, 0f, 0.46f, 0.6f, 0.42f, 0.86f, 0.22f, 0.2f, 0.05f), t.Second);
        SKPath shell = ink.Blob(-0.56f, 0.24f, -0.46f, -0.22f, -0.1f, -0.56f, 0.34f, -0.56f, 0.72f, -0.2f, 0.92f, 0.24f, 0.2f, 0.34f);
        Tones hard = t.Main.Far with { Light = t.Main.Fill };
        ink.Shape(shell, hard, gloss: true);
        SKPath middle = ink.Corners(0.1f, -0.14f, -0.06f, 0f, -0.32f, 0.32f, -0.32f, 0.46f, -0.06f, 0.3f, 0.16f, 0f, 0.16f);
        ink.Mark(middle, t.TwoTone ? t.Second : t.Main);
        foreach (float[] rib in Ribs)
        {
            ink.Line(t.Main.Line, 1.2f, rib);
        }

        ink.Line(middle, t.Main.Line, 0.8f);
        ink.Line(shell, t.Main.Line);
        ink.Shape(ink.Blob(-0.56f, 0.22f, 0.2f, 0.26f, 0.92f, 0.2f, 0.95f, 0.3f, 0.2f, 0.41f, -0.58f, 0.32f), t.Second);
        ink.Shape(
            ink.Blob(-0.36f, 0.28f, -0.08f, 0.3f, 0.02f, 0.55f, 0.24f * f, 0.82f * f, 0.1f, 0.86f * f, -0.16f, 0.72f * f, -0.34f, 0.48f),
            t.Main);
        ink.Shape(ink.Blob(0.54f, 0.32f, 0.78f, 0.3f, 0.98f, 0.54f * f, 0.86f, 0.64f * f, 0.64f, 0.5f), t.Main);
        Head(ink, t, -0.76f, -0.04f, 0.38f * t.Head);
    }

    private static readonly float[][] Ribs =
    [
        [-0.14f, -0.06f, -0.5f, -0.02f], [0f, -0.32f, -0.12f, -0.54f], [0.32f, -0.32f, 0.4f, -0.52f],
        [0.46f, -0.06f, 0.82f, 0f], [0.3f, 0.16f, 0.36f, 0.3f], [0f, 0.16f, -0.06f, 0.3f],
    ];

    private static void Upright(Ink ink, Traits t)
    {
        float f = t.Limb;
        Tones hard = t.Main.Far with { Light = t.Main.Fill };
        ink.Surface(0f, 0.9f, 0.85f);
        ink.Shape(ink.Tube(0.1f, 0.03f, 0.1f, 0.8f, 0.45f, 0.98f, 0.62f, 0.9f), t.Main);
        SKPath shell = ink.Ellipse(0f, 0.28f, 0.94f * t.Body, 0.84f);
        ink.Shape(shell, t.Second);
        ink.Shape(ink.Ellipse(0f, 0.28f, 0.8f * t.Body, 0.7f), hard);
        for (int i = 0; i < 12; i++)
        {
            (float sin, float cos) = MathF.SinCos((i + 0.5f) * MathF.PI / 6f);
            ink.Line(t.Main.Line, 1.2f, cos * 0.5f * t.Body, 0.28f + (sin * 0.5f), cos * 0.94f * t.Body, 0.28f + (sin * 0.84f));
        }

        foreach (float side in Sides)
        {
            ink.Shape(ink.OnSide(side, ink.Blob(-0.2f, 0.76f, -0.4f, 0.74f, -0.62f * f, 0.98f, -0.5f * f, 1.08f, -0.22f, 1.02f)), t.Main);
        }

        SKPath belly = ink.Ellipse(0f, 0.38f, 0.46f * t.Body, 0.58f);
        ink.Shape(belly, t.Second);
        ink.Line(t.Second.Shade, 1.6f, -0.3f, 0.74f, 0f, 0.77f, 0.3f, 0.74f);
        ink.Line(t.Second.Shade, 1.6f, -0.44f, 0.2f, 0f, 0.24f, 0.44f, 0.2f);
        ink.Line(t.Second.Shade, 1.6f, 0f, -0.1f, 0f, 0.92f);
        ink.Jewel(0f, 0.42f, 0.2f);
        ink.Rock(0f, 0.42f, 0.4f);
        foreach (float side in Sides)
        {
            SKPath flipper = t.Rock
                ? ink.Blob(
                    -0.34f, 0.0f, -0.48f, 0.02f, -0.64f * f, 0.3f, -0.58f, 0.56f, -0.3f, 0.64f, -0.26f, 0.5f, -0.42f, 0.42f,
                    -0.42f, 0.26f)
                : ink.Blob(-0.34f, 0.0f, -0.5f, 0f, -0.78f * f, 0.28f, -0.84f * f, 0.58f, -0.66f, 0.52f, -0.46f, 0.3f);
            ink.Shape(ink.OnSide(side, flipper), t.Main);
        }

        Head(ink, t, 0f, -0.4f, 0.44f * t.Head);
    }

    private static void Head(Ink ink, Traits t, float x, float y, float r)
    {
        SKPath head = ink.Ellipse(x, y, r * 1.02f, r * 0.92f);
        ink.Shape(head, t.Main, gloss: true);
        ink.Mark(ink.Ellipse(x, y + (r * 0.82f), r * 0.66f, r * 0.46f), t.Second, shading: 0.5f, within: head);
        ink.Line(head, t.Main.Line);
        ink.Cheeks(x, y + (r * 0.38f), r * 0.72f, r * 0.15f);
        ink.Eyes(x, y, r * 0.44f, r * 0.25f);
        ink.Mouth(x, y + (r * 0.48f), r * 0.24f);
        ink.Hat(x, y - (r * 0.68f), r * 0.78f, -6f);
    }
}
