using SkiaSharp;

namespace LatentDiffusion.Models.Drawings;

/// <summary>A snake: coils piled up, a raised neck with a pale throat, and a forked tongue.</summary>
internal sealed class Snake : Subject
{
    public override void Draw(Ink ink, Traits t)
    {
        float b = t.Body;
        ink.Surface(0f, 0.78f, 0.84f);
        ink.Shape(ink.Tube(0.13f, 0.03f, 0.5f, 0.66f, 0.88f, 0.6f, 0.98f, 0.36f * t.Limb, 0.9f, 0.18f * t.Limb), t.Main);
        Coil(ink, t, 0.04f, 0.62f, 0.76f * b, 0.24f);
        Coil(ink, t, 0.02f, 0.38f, 0.58f * b, 0.2f);
        SKPath neck = ink.Tube(0.2f, 0.18f, 0.2f, 0.4f, 0.3f, 0.12f, 0.06f, -0.1f, -0.06f + (t.Pose * 0.05f), -0.42f);
        ink.Shape(neck, t.Main);
        ink.Mark(ink.Tube(0.1f, 0.1f, 0.06f, 0.4f, 0.16f, 0.12f, -0.06f, -0.1f, -0.16f, -0.4f), t.Second, shading: 0.3f, within: neck);
        ink.Line(neck, t.Main.Line);
        if (t.Rock)
        {
            ink.Rock(-0.3f, 0.4f, 0.36f);
            ink.Shape(ink.Tube(0.13f, 0.05f, 0.62f, 0.66f, 0.2f, 0.8f, -0.4f, 0.8f, -0.74f, 0.6f, -0.66f, 0.34f), t.Main);
        }

        float r = 0.42f * t.Head;
        float x = -0.08f + (t.Pose * 0.05f);
        const float y = -0.52f;
        ink.Line(Palette.RedCloth.Fill, 2.2f, x, y + (r * 0.6f), x, y + (r * 1.05f));
        ink.Line(Palette.RedCloth.Fill, 1.9f, x - 0.07f, y + (r * 1.3f), x, y + (r * 1.05f), x + 0.07f, y + (r * 1.3f));
        SKPath head = ink.Blob(
            x, y - (r * 0.82f), x + (r * 0.8f), y - (r * 0.5f), x + (r * 1.08f), y + (r * 0.14f), x + (r * 0.5f), y + (r * 0.66f),
            x, y + (r * 0.76f), x - (r * 0.5f), y + (r * 0.66f), x - (r * 1.08f), y + (r * 0.14f), x - (r * 0.8f), y - (r * 0.5f));
        ink.Shape(head, t.Main, gloss: true);
        ink.Mark(
            ink.Corners(0.1f, x, y - (r * 0.78f), x + (r * 0.16f), y - (r * 0.52f), x, y - (r * 0.26f), x - (r * 0.16f), y - (r * 0.52f)),
            t.Second, shading: 0.3f);
        ink.Cheeks(x, y + (r * 0.34f), r * 0.76f, r * 0.15f);
        ink.Eyes(x, y - (r * 0.06f), r * 0.5f, r * 0.27f);
        ink.Line(t.Main.Line, 1.2f, x - (r * 0.4f), y + (r * 0.38f), x, y + (r * 0.5f), x + (r * 0.4f), y + (r * 0.38f));
        ink.Hat(x, y - (r * 0.6f), r * 0.85f, -6f);
    }

    private static void Coil(Ink ink, Traits t, float x, float y, float rx, float ry)
    {
        SKPath coil = ink.Ellipse(x, y, rx, ry);
        ink.Shape(coil, t.Main);
        if (t.TwoTone)
        {
            ink.Mark(ink.Ellipse(x, y + (ry * 1.05f), rx * 0.86f, ry * 0.72f), t.Second, shading: 0.3f, within: coil);
        }
        else
        {
            for (int i = -2; i <= 2; i++)
            {
                float at = x + (i * rx * 0.38f);
                float low = y + (ry * (0.62f - (0.12f * i * i)));
                ink.Mark(ink.Ellipse(at, low, rx * 0.11f, ry * 0.26f), t.Second, shading: 0f, within: coil);
            }
        }

        ink.Line(coil, t.Main.Line);
    }
}
