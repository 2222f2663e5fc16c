using SkiaSharp;

namespace LatentDiffusion.Models.Drawings;

/// <summary>A frog from the front: eyes on top of a wide head, a very wide mouth and folded hind legs.</summary>
internal sealed class Frog : Subject
{
    public override void Draw(Ink ink, Traits t)
    {
        float b = t.Body;
        float h = t.Head;
        ink.Surface(0f, 0.72f, 0.84f);
        ink.Cape(0f, -0.1f, 0.56f, 0.84f);
        foreach (float side in Sides)
        {
            ink.Shape(ink.Ellipse(side * 0.54f, 0.46f, 0.24f * t.Limb, 0.31f, side * 24f), t.Main);
            ink.Shape(
                ink.Blob(side * 0.36f, 0.74f, side * 0.5f, 0.62f, side * 0.74f, 0.62f, side * 0.94f, 0.74f, side * 0.66f, 0.8f),
                t.Main.Far);
        }

        SKPath body = ink.Ellipse(0f, 0.34f, 0.48f * b, 0.46f);
        ink.Shape(body, t.Main);
        ink.Mark(ink.Ellipse(0f, 0.42f, (t.TwoTone ? 0.4f : 0.34f) * b, 0.4f), t.Second, within: body);
        SKPath head = ink.Union(
            ink.Blob(
                -0.72f * h, -0.12f, -0.44f * h, -0.48f, 0f, -0.6f, 0.44f * h, -0.48f, 0.72f * h, -0.12f, 0.44f * h, 0.12f, 0f, 0.18f,
                -0.44f * h, 0.12f),
            ink.Ellipse(-0.38f * h, -0.5f, 0.26f, 0.27f),
            ink.Ellipse(0.38f * h, -0.5f, 0.26f, 0.27f));
        ink.Shadow(head, body, 0.1f);
        ink.Line(body, t.Main.Line);
        ink.Jewel(0f, 0.44f, 0.18f);
        ink.Collar(0f, 0.1f, 0.44f);
        ink.Rock(0f, 0.42f, 0.38f);
        foreach (float side in Sides)
        {
            if (t.Rock)
            {
                ink.Shape(ink.Tube(0.1f, 0.11f, side * 0.42f, 0.14f, side * 0.56f, 0.4f, side * 0.38f, 0.56f), t.Main);
            }
            else
            {
                ink.Shape(ink.Tube(0.1f, 0.07f, side * 0.38f, 0.24f, side * 0.34f, 0.5f, side * 0.28f, 0.7f), t.Main);
                foreach (float toe in (ReadOnlySpan<float>)[-0.1f, 0f, 0.1f])
                {
                    ink.Shape(ink.Ellipse((side * 0.28f) + toe, 0.76f, 0.06f, 0.05f), t.Main);
                }
            }
        }

        ink.Shape(head, t.Main, gloss: true);
        ink.Mark(ink.Ellipse(0f, 0.16f, 0.56f * h, 0.2f), t.Second, shading: 0.3f, within: head);
        ink.Line(head, t.Main.Line);
        if (!t.IsDark)
        {
            ink.Fill(ink.Ellipse(-0.38f * h, -0.5f, 0.19f, 0.21f), SKColors.White);
            ink.Fill(ink.Ellipse(0.38f * h, -0.5f, 0.19f, 0.21f), SKColors.White);
        }

        ink.Cheeks(0f, -0.12f, 0.52f * h, 0.09f);
        ink.Eyes(0f, -0.5f, 0.38f * h, 0.15f);
        ink.Fill(ink.Ellipse(-0.06f, -0.24f, 0.026f, 0.02f), t.Main.Line);
        ink.Fill(ink.Ellipse(0.06f, -0.24f, 0.026f, 0.02f), t.Main.Line);
        float smile = t.Mouth == 2 ? 0.3f : 0.44f;
        ink.Line(t.Main.Line, 1.4f, -smile * h, -0.1f, -0.2f, -0.01f, 0f, 0.01f, 0.2f, -0.01f, smile * h, -0.1f);
        if (t.Mouth == 1)
        {
            ink.Shape(ink.Blob(-0.1f, 0f, 0.1f, 0f, 0.08f, 0.12f, 0f, 0.16f, -0.08f, 0.12f), Palette.Tongue);
        }

        ink.Hat(0f, -0.71f, 0.42f, -4f);
    }
}
