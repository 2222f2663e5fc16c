using SkiaSharp;

namespace LatentDiffusion.Models.Drawings;

/// <summary>An owl from the front: ear tufts, great discs about the eyes and a feathered breast.</summary>
internal sealed class Owl : Subject
{
    public override void Draw(Ink ink, Traits t)
    {
        float b = t.Body;
        ink.Surface(0f, 0.84f, 0.66f);
        ink.Cape(0f, -0.02f, 0.46f, 0.88f);
        foreach (float side in Sides)
        {
            if (t.Wings)
            {
                SpreadWing(ink, t, side);
            }
        }

        float tuft = 0.98f * ((t.Ear * 0.4f) + 0.6f);
        SKPath body = ink.Union(
            ink.Ellipse(0f, -0.3f, 0.56f, 0.5f),
            ink.Ellipse(0f, 0.3f, 0.55f * b, 0.56f),
            ink.Corners(0.1f, -0.55f, -0.3f, -0.6f, -tuft, -0.1f, -0.72f),
            ink.Corners(0.1f, 0.55f, -0.3f, 0.6f, -tuft, 0.1f, -0.72f));
        ink.Shape(body, t.Main, gloss: true);
        SKPath belly = ink.Ellipse(0f, 0.42f, 0.36f * b, 0.4f);
        ink.Mark(belly, t.Second, shading: 0.5f);
        if (!t.Jewel)
        {
            for (int row = 0; row < 3; row++)
            {
                for (int i = 0; i < 3 - (row % 2); i++)
                {
                    float x = (i - (row % 2 == 0 ? 1f : 0.5f)) * 0.2f;
                    float y = 0.26f + (row * 0.16f);
                    ink.Line(t.Main.Fill, 1.7f, x - 0.07f, y, x, y + 0.07f, x + 0.07f, y);
                }
            }
        }

        if (!t.Wings)
        {
            foreach (float side in Sides)
            {
                ink.Shape(
                    ink.OnSide(side, ink.Blob(-0.5f * b, -0.02f, -0.66f * b, 0.2f, -0.58f * b, 0.62f, -0.4f * b, 0.74f, -0.36f * b, 0.3f)),
                    t.Main.Far);
            }
        }

        foreach (float side in Sides)
        {
            foreach (float toe in (ReadOnlySpan<float>)[-0.1f, 0f, 0.1f])
            {
                ink.Shape(ink.Ellipse((side * 0.2f) + toe, 0.84f, 0.06f, 0.08f), Palette.Beak);
            }
        }

        ink.Jewel(0f, 0.42f, 0.2f);
        ink.Collar(0f, 0.06f, 0.44f);
        foreach (float side in Sides)
        {
            ink.Shape(ink.Ellipse(side * 0.26f, -0.32f, 0.28f, 0.29f), t.Second, shading: 0.5f);
        }

        ink.Eyes(0f, -0.32f, 0.25f, 0.15f);
        ink.Shape(ink.Corners(0.2f, -0.1f, -0.2f, 0.1f, -0.2f, 0f, 0.02f), Palette.Beak);
        ink.Hat(0f, -0.68f, 0.46f, -6f);
    }

    private static void SpreadWing(Ink ink, Traits t, float side)
    {
        float w = 0.92f + (0.08f * t.Limb);
        float up = t.Pose * 0.08f;
        SKPath wing = ink.Corners(
            0.22f,
            -0.36f, -0.1f, -0.8f * w, -0.4f - up, -1.2f * w, -0.44f - up, -1.28f * w, -0.1f - up, -1.14f * w, -0.04f, -1.12f * w, 0.24f,
            -0.96f * w, 0.22f, -0.9f * w, 0.46f, -0.74f * w, 0.4f, -0.64f * w, 0.58f, -0.36f, 0.5f);
        ink.Shape(ink.OnSide(side, wing), t.Second);
        SKPath upper = ink.Corners(
            0.2f, -0.34f, -0.12f, -0.8f * w, -0.4f - up, -1.2f * w, -0.44f - up, -1.1f * w, -0.12f - up, -0.8f * w, 0.1f,
            -0.4f, 0.26f);
        ink.Shape(ink.OnSide(side, upper), t.Main);
    }
}
