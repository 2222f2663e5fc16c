using SkiaSharp;

namespace LatentDiffusion.Models.Drawings;

/// <summary>A mushroom: a domed cap with spots on a plump pale stem, which has the face.</summary>
internal sealed class Mushroom : Subject
{
    public override void Draw(Ink ink, Traits t)
    {
        float b = t.Body;
        float wide = 0.92f * t.Head;
        ink.Surface(0f, 0.84f, 0.66f);
        SKPath stem = ink.Blob(
            -0.32f * b, 0f, 0.32f * b, 0f, 0.38f * b, 0.5f, 0.44f * b, 0.76f, 0.2f, 0.88f, -0.2f, 0.88f, -0.44f * b, 0.76f,
            -0.38f * b, 0.5f);
        Tones pale = t.TwoTone ? t.Second : Palette.Cream.LinedLike(t.Main);
        ink.Shape(stem, pale);
        ink.Mark(ink.Ellipse(0f, 0.16f, 0.5f * b, 0.14f), Tones.Flat(pale.Shade, pale.Line), shading: 0f, within: stem);
        ink.Line(stem, t.Main.Line);
        SKPath cap = ink.Blob(
            -wide, 0.06f, -wide * 0.84f, -0.44f, -wide * 0.4f, -0.82f, 0f, -0.9f, wide * 0.4f, -0.82f, wide * 0.84f, -0.44f,
            wide, 0.06f, wide * 0.6f, 0.2f, 0f, 0.16f, -wide * 0.6f, 0.2f);
        ink.Shape(cap, t.Main, gloss: true);
        float s = 0.9f + (t.Pose * 0.12f);
        if (!t.Jewel)
        {
            ink.Mark(ink.Ellipse(0.02f, -0.44f, 0.22f * s, 0.19f * s), t.Second, shading: 0.6f, within: cap);
        }

        ink.Mark(ink.Ellipse(-0.56f, -0.24f, 0.17f * s, 0.18f * s, 20f), t.Second, shading: 0.6f, within: cap);
        ink.Mark(ink.Ellipse(0.58f, -0.26f, 0.16f * s, 0.18f * s, -20f), t.Second, shading: 0.6f, within: cap);
        ink.Mark(ink.Ellipse(-0.22f, 0.04f, 0.13f * s, 0.1f * s), t.Second, shading: 0.6f, within: cap);
        ink.Mark(ink.Ellipse(0.3f, 0.06f, 0.12f * s, 0.09f * s), t.Second, shading: 0.6f, within: cap);
        ink.Mark(ink.Ellipse(0.36f, -0.74f, 0.13f * s, 0.1f * s, 20f), t.Second, shading: 0.6f, within: cap);
        ink.Line(cap, t.Main.Line);
        if (t.Jewel)
        {
            ink.Jewel(0f, -0.36f, 0.27f);
            return;
        }

        ink.Cheeks(0f, 0.6f, 0.26f, 0.08f);
        ink.Eyes(0f, 0.42f, 0.17f, 0.11f);
        ink.Mouth(0f, 0.62f, 0.1f);
        ink.Hat(0f, -0.76f, 0.48f, -6f);
    }
}
