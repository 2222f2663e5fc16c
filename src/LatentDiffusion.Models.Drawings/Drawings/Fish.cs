using SkiaSharp;

namespace LatentDiffusion.Models.Drawings;

/// <summary>A round fish from the side, with a forked tail, tall fins and two stripes.</summary>
internal sealed class Fish : Subject
{
    public override void Draw(Ink ink, Traits t)
    {
        float k = t.Limb;
        float b = t.Body;
        ink.Surface(0f, 0.56f, 0.75f);
        ink.Shape(ink.Corners(0.14f, 0.46f, 0f, 0.98f * k, -0.5f, 0.86f * k, 0f, 0.98f * k, 0.5f), t.Second);
        ink.Line(t.Main.Line, 0.9f, 0.62f, -0.06f, 0.82f * k, -0.22f);
        ink.Line(t.Main.Line, 0.9f, 0.62f, 0.06f, 0.82f * k, 0.22f);
        ink.Shape(ink.Blob(-0.36f, -0.38f, -0.1f, -0.78f * k, 0.22f, -0.8f * k, 0.16f, -0.6f, 0.44f, -0.24f), t.Second);
        ink.Shape(ink.Blob(-0.06f, 0.38f, 0.1f, 0.66f * k, 0.3f, 0.62f * k, 0.3f, 0.26f), t.Second);
        SKPath body = ink.Blob(
            -0.82f, 0.06f, -0.62f, -0.34f * b, -0.2f, -0.54f * b, 0.3f, -0.34f * b, 0.62f, -0.02f, 0.3f, 0.36f * b,
            -0.2f, 0.54f * b, -0.64f, 0.38f * b);
        ink.Shape(body, t.Main, gloss: true);
        ink.Mark(
            ink.Blob(-0.9f, 0.3f, -0.4f, 0.24f, 0f, 0.32f, 0.4f, 0.28f, 0.3f, 0.7f, -0.6f, 0.7f),
            t.Second, shading: 0.6f, within: body);
        if (!t.Jewel)
        {
            ink.Mark(
                ink.Blob(0.02f, -0.7f, 0.16f, -0.7f, 0.2f, 0f, 0.14f, 0.7f, 0f, 0.7f, 0.06f, 0f),
                t.Second, shading: 0.3f, within: body);
            ink.Mark(
                ink.Blob(0.32f, -0.6f, 0.42f, -0.6f, 0.46f, 0f, 0.42f, 0.6f, 0.32f, 0.6f, 0.36f, 0f),
                t.Second, shading: 0.3f, within: body);
        }

        ink.Line(body, t.Main.Line);
        ink.Line(t.Main.Line, 1.2f, -0.24f, -0.26f, -0.14f, 0.02f, -0.24f, 0.3f);
        if (t.Jewel)
        {
            ink.Jewel(0.16f, -0.02f, 0.22f);
        }
        else
        {
            ink.Shape(ink.Blob(-0.12f, 0.1f, 0.2f, 0.02f, 0.26f, 0.2f, 0.12f, 0.3f), t.Main.Far);
        }

        if (t.Glasses)
        {
            ink.Eyes(-0.47f, -0.1f, 0.2f, 0.14f);
        }
        else
        {
            ink.Eye(-0.46f, -0.1f, 0.18f);
        }

        ink.Cheeks(-0.42f, 0.2f, 0f, 0.1f);
        ink.Mouth(-0.66f, 0.18f, 0.1f);
        ink.Hat(-0.32f, -0.5f * b, 0.38f, -12f);
    }
}
