using SkiaSharp;

namespace LatentDiffusion.Models.Drawings;

/// <summary>A penguin from the front: an egg with a pale face and belly, flippers and big orange feet.</summary>
internal sealed class Penguin : Subject
{
    public override void Draw(Ink ink, Traits t)
    {
        float b = t.Body;
        ink.Surface(0f, 0.86f, 0.66f);
        ink.Cape(0f, -0.02f, 0.44f * b, 0.9f);
        foreach (float side in Sides)
        {
            ink.Shape(
                ink.Blob(side * 0.08f, 0.88f, side * 0.1f, 0.76f, side * 0.34f, 0.72f, side * 0.56f, 0.88f, side * 0.3f, 0.95f),
                Palette.Beak);
            if (!t.Rock)
            {
                Flipper(ink, t, side, b);
            }
        }

        SKPath body = ink.Blob(
            0f, -0.9f, 0.34f, -0.76f, 0.45f, -0.4f, 0.54f * b, 0.14f, 0.56f * b, 0.54f, 0.36f * b, 0.84f, 0f, 0.9f,
            -0.36f * b, 0.84f, -0.56f * b, 0.54f, -0.54f * b, 0.14f, -0.45f, -0.4f, -0.34f, -0.76f);
        ink.Shape(body, t.Main);
        SKPath front = ink.Union(
            ink.Ellipse(0f, 0.42f, 0.42f * b, 0.46f),
            ink.Ellipse(-0.17f, -0.4f, 0.24f, 0.3f),
            ink.Ellipse(0.17f, -0.4f, 0.24f, 0.3f));
        ink.Mark(front, t.Second, shading: 0.6f, within: body);
        ink.Line(body, t.Main.Line);
        ink.Mark(ink.Ellipse(-0.2f, -0.76f, 0.1f, 0.05f, -35f), Tones.Flat(t.Main.Light, t.Main.Line));
        ink.Cheeks(0f, -0.2f, 0.28f, 0.08f);
        ink.Eyes(0f, -0.42f, 0.2f, 0.12f);
        ink.Shape(ink.Blob(-0.15f, -0.26f, 0f, -0.34f, 0.15f, -0.26f, 0f, -0.14f), Palette.Beak);
        ink.Jewel(0f, 0.38f, 0.2f);
        ink.Collar(0f, 0f, 0.4f);
        ink.Rock(0f, 0.34f, 0.38f);
        if (t.Rock)
        {
            foreach (float side in Sides)
            {
                ink.Shape(ink.Tube(0.14f, 0.1f, side * 0.48f * b, 0f, side * 0.62f, 0.3f, side * 0.36f, 0.52f), t.Main);
            }
        }

        ink.Hat(0f, -0.74f, 0.46f, -6f);
    }

    private static void Flipper(Ink ink, Traits t, float side, float b)
    {
        float k = t.Limb;
        SKPath flipper = t.Wings
            ? ink.Blob(-0.4f * b, -0.16f, -0.76f * k, -0.42f, -1.08f * k, -0.52f, -1.1f * k, -0.36f, -0.84f * k, -0.02f, -0.44f * b, 0.26f)
            : ink.Blob(-0.44f * b, -0.14f, -0.6f, -0.02f, -0.74f * k, 0.34f, -0.7f * k, 0.5f, -0.56f, 0.44f, -0.44f * b, 0.3f);
        ink.Shape(ink.OnSide(side, flipper), t.Main);
    }
}
