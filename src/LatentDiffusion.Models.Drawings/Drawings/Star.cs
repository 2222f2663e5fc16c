using SkiaSharp;

namespace LatentDiffusion.Models.Drawings;

/// <summary>A plump five-pointed star, with a face unless it carries a jewel.</summary>
internal sealed class Star : Subject
{
    public override void Draw(Ink ink, Traits t)
    {
        ink.Surface(0f, 0.82f, 0.8f);
        SKPath body = Form(ink, 1f, 0.54f + (t.Detail * 0.03f));
        ink.Shape(body, t.Main);
        ink.Mark(Form(ink, t.TwoTone ? 0.76f : 0.68f, 0.56f), t.Second, within: body);
        ink.Fill(ink.Ellipse(-0.15f, -0.64f, 0.12f, 0.04f, -66f), t.Main.Light);
        if (t.Jewel)
        {
            ink.Jewel(0f, 0.03f, 0.27f);
            return;
        }

        ink.Cheeks(0f, 0.2f, 0.32f, 0.09f);
        ink.Eyes(0f, 0.02f, 0.2f, 0.13f);
        ink.Mouth(0f, 0.24f, 0.13f);
        ink.Hat(0f, -0.62f, 0.46f, -6f);
    }

    private static SKPath Form(Ink ink, float outer, float waist)
    {
        Span<float> points = stackalloc float[20];
        for (int i = 0; i < 10; i++)
        {
            float radius = i % 2 == 0 ? outer : outer * waist;
            (float sin, float cos) = MathF.SinCos(i * MathF.PI / 5f);
            points[2 * i] = sin * radius;
            points[(2 * i) + 1] = -cos * radius;
        }

        return ink.Corners(0.24f, points);
    }
}
