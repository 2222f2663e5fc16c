using SkiaSharp;

namespace LatentDiffusion.Models.Drawings;

/// <summary>A whale from the side: a huge round head, a grooved belly, raised flukes and a spout of water.</summary>
internal sealed class Whale : Subject
{
    private static readonly Tones Water = Tones.FromHsl(192f, 0.70f, 0.66f);

    public override void Draw(Ink ink, Traits t)
    {
        float k = t.Limb;
        ink.Surface(-0.05f, 0.56f, 0.85f);
        if (!t.Hat)
        {
            ink.Shape(ink.Tube(0.05f, 0.07f, -0.3f, -0.4f, -0.32f, -0.7f, -0.56f, -0.86f, -0.66f, -0.68f), Water);
            ink.Shape(ink.Tube(0.05f, 0.07f, -0.28f, -0.4f, -0.26f, -0.7f, -0.02f, -0.86f, 0.08f, -0.68f), Water);
        }

        SKPath flukes = ink.Union(
            ink.Ellipse(0.74f, -0.5f * k, 0.24f, 0.11f, 24f),
            ink.Ellipse(1.08f, -0.5f * k, 0.24f, 0.11f, -24f));
        SKPath body = ink.Union(
            ink.Blob(
                -0.92f, 0.12f, -0.84f, -0.28f, -0.46f, -0.5f * t.Body, 0f, -0.44f * t.Body, 0.4f, -0.14f, 0.66f, -0.04f, 0.78f, -0.24f,
                0.86f, -0.46f * k, 0.98f, -0.46f * k, 1.0f, -0.2f, 0.86f, 0.2f, 0.46f, 0.48f, -0.2f, 0.6f, -0.72f, 0.5f),
            flukes);
        ink.Shape(body, t.Main);
        SKPath belly = ink.Blob(-1.0f, 0.22f, -0.6f, 0.26f, -0.2f, 0.16f, 0.2f, 0.3f, 0.62f, 0.3f, 0.4f, 0.8f, -0.6f, 0.8f);
        ink.Mark(belly, t.Second, shading: 0.7f, within: body);
        ink.Mark(ink.Ellipse(-0.62f, -0.3f, 0.13f, 0.06f, -35f), Tones.Flat(t.Main.Light, t.Main.Line));
        ink.Line(t.Second.Shade, 1.6f, -0.62f, 0.38f, -0.2f, 0.36f, 0.14f, 0.44f);
        ink.Line(t.Second.Shade, 1.6f, -0.5f, 0.5f, -0.2f, 0.48f, 0.06f, 0.52f);
        ink.Line(body, t.Main.Line);
        ink.Line(t.Main.Line, 1.3f, -0.9f, 0.22f, -0.6f, 0.26f, -0.38f, 0.16f);
        ink.Cheeks(-0.36f, 0.1f, 0f, 0.09f);
        if (t.Glasses)
        {
            ink.Eyes(-0.6f, -0.06f, 0.18f, 0.12f);
        }
        else
        {
            ink.Eye(-0.5f, -0.04f, 0.15f);
        }

        ink.Shape(ink.Blob(-0.2f, 0.24f, 0.06f, 0.26f, 0.2f, 0.54f * k, 0.1f, 0.66f * k, -0.1f, 0.48f), t.Main.Far);
        ink.Jewel(0.16f, -0.02f, 0.2f);
        ink.Hat(-0.36f, -0.44f * t.Body, 0.42f, -6f);
    }
}
