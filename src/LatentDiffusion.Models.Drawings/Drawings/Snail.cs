using SkiaSharp;

namespace LatentDiffusion.Models.Drawings;

/// <summary>A snail: a spiral shell of the drawing's colour on a pale body with eyes on stalks.</summary>
internal sealed class Snail : Subject
{
    public override void Draw(Ink ink, Traits t)
    {
        float k = t.Limb;
        float eyeY = -0.58f * k;
        ink.Surface(0f, 0.66f, 0.9f);
        foreach (float side in Sides)
        {
            ink.Shape(ink.Tube(0.075f, 0.06f, -0.62f + (side * 0.1f), 0.02f, -0.64f + (side * 0.19f), eyeY), t.Second);
        }

        SKPath foot = ink.Blob(
            -0.84f, 0.04f, -0.6f, -0.2f, -0.36f, 0.02f, -0.24f, 0.34f, 0.3f, 0.42f, 0.8f, 0.48f, 1.04f, 0.66f, 0.5f, 0.7f,
            -0.3f, 0.7f, -0.72f, 0.62f, -0.88f, 0.34f);
        ink.Shape(foot, t.Second);
        const float x = 0.24f;
        const float y = 0.02f;
        float r = 0.58f * t.Body;
        SKPath shell = ink.Ellipse(x, y, r, r * 0.96f);
        ink.Shape(shell, t.Main, gloss: true);
        ink.Mark(ink.Ellipse(x + (r * 0.08f), y + (r * 0.06f), r * 0.66f, r * 0.62f), t.Main.Far, shading: 0f, within: shell);
        ink.Mark(ink.Ellipse(x + (r * 0.04f), y + (r * 0.02f), r * 0.56f, r * 0.54f), t.Main, within: shell);
        Span<float> spiral = stackalloc float[2 * 19];
        for (int i = 0; i < 19; i++)
        {
            float turn = i / 18f;
            (float sin, float cos) = MathF.SinCos((turn * 3.6f * MathF.PI) + 0.9f);
            float at = r * (0.1f + (0.88f * turn));
            spiral[2 * i] = x + (cos * at);
            spiral[(2 * i) + 1] = y + (sin * at * 0.96f);
        }

        ink.Line(t.Main.Line, 1.5f, spiral);
        ink.Line(shell, t.Main.Line);
        ink.Jewel(x, y, 0.24f);
        foreach (float side in Sides)
        {
            ink.Shape(ink.Ellipse(-0.64f + (side * 0.2f), eyeY, 0.17f, 0.17f), t.Second);
        }

        ink.Eyes(-0.64f, eyeY, 0.2f, 0.12f);
        ink.Cheeks(-0.62f, 0.22f, 0.17f, 0.07f);
        ink.Mouth(-0.64f, 0.16f, 0.11f);
        ink.Hat(-0.64f, eyeY - 0.2f, 0.34f, -6f);
    }
}
