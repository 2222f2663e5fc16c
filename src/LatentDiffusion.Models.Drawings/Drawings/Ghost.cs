using SkiaSharp;

namespace LatentDiffusion.Models.Drawings;

/// <summary>A little floating ghost with a wavy hem and stubby arms.</summary>
internal sealed class Ghost : Subject
{
    public override void Draw(Ink ink, Traits t)
    {
        float b = t.Body;
        float w = 0.56f * b;
        ink.Surface(0f, 0.82f, 0.66f);
        ink.Cape(0f, -0.04f, 0.46f, 0.74f);
        if (!t.Rock)
        {
            foreach (float side in Sides)
            {
                ink.Shape(
                    ink.Tube(
                        0.16f, 0.09f, side * 0.42f, 0.14f, side * 0.68f, 0.1f - (t.Pose * 0.08f),
                        side * 0.86f * t.Limb, -0.06f - (t.Pose * 0.14f)),
                    t.Main);
            }
        }

        SKPath body = ink.Blob(
            -w * 0.96f, -0.3f, -w * 0.6f, -0.78f, 0f, -0.94f, w * 0.6f, -0.78f, w * 0.96f, -0.3f, w * 1.06f, 0.3f, w * 1.2f, 0.78f,
            w * 0.86f, 0.66f, w * 0.62f, 0.88f, w * 0.32f, 0.68f, 0f, 0.9f, -w * 0.32f, 0.68f, -w * 0.62f, 0.88f,
            -w * 0.86f, 0.66f, -w * 1.2f, 0.78f, -w * 1.06f, 0.3f);
        ink.Shape(body, t.Main);
        ink.Highlight(-w * 0.34f, -0.79f, 0.08f, t.Main.Light);
        ink.Mark(
            ink.Blob(
                -w * 1.4f, 0.62f, -w * 0.8f, 0.5f, -w * 0.3f, 0.58f, w * 0.2f, 0.48f, w * 0.8f, 0.56f, w * 1.4f, 0.5f, w * 1.4f, 1f,
                -w * 1.4f, 1f),
            t.Second, shading: 0.3f, within: body);
        if (t.TwoTone)
        {
            ink.Mark(ink.Ellipse(0f, 0.2f, 0.36f, 0.36f), t.Second, shading: 0.5f, within: body);
        }

        ink.Line(body, t.Main.Line);
        ink.Jewel(0f, 0.24f, 0.2f);
        ink.Collar(0f, -0.02f, 0.44f);
        ink.Rock(0f, 0.3f, 0.38f);
        if (t.Rock)
        {
            foreach (float side in Sides)
            {
                ink.Shape(ink.Tube(0.14f, 0.11f, side * 0.46f, 0.02f, side * 0.62f, 0.26f, side * 0.38f, 0.44f), t.Main);
            }
        }

        ink.Cheeks(0f, -0.22f, 0.36f, 0.1f);
        ink.Eyes(0f, -0.44f, 0.23f, 0.155f);
        ink.Mouth(0f, -0.18f, 0.11f);
        ink.Hat(0f, -0.76f, 0.46f, -6f);
    }
}
