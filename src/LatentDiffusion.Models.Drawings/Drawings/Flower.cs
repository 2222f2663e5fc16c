using SkiaSharp;

namespace LatentDiffusion.Models.Drawings;

/// <summary>A flower on a leafy stem; its disc has a face unless it carries a jewel.</summary>
internal sealed class Flower : Subject
{
    public override void Draw(Ink ink, Traits t)
    {
        const float y = -0.28f;
        ink.Surface(0f, 0.98f, 0.6f);
        if (t.Surface)
        {
            ink.Shape(ink.Ellipse(0f, 0.95f, 0.3f, 0.1f), Palette.Leaf);
        }

        ink.Shape(ink.Tube(0.055f, 0.065f, 0f, 0.2f, 0.05f * t.Pose, 0.6f, 0f, 0.98f), Palette.Leaf);
        foreach (float side in Sides)
        {
            SKPath leaf = ink.Blob(
                -0.02f, 0.82f, -0.16f, 0.58f, -0.46f * t.Limb, 0.48f, -0.6f * t.Limb, 0.52f, -0.46f * t.Limb, 0.74f, -0.2f, 0.84f);
            ink.Shape(ink.OnSide(side, leaf), Palette.Leaf);
            ink.Line(Palette.Leaf.Line, 1f, side * 0.06f, 0.8f, side * 0.44f * t.Limb, 0.58f);
        }

        Ring(ink, t.Second, y, t.TwoTone ? 0.54f : 0.5f, 0.5f);
        Ring(ink, t.Main, y, 0.42f, 0f);
        Tones disc = t.Color == "yellow" ? Tones.FromHsl(26f, 0.85f, 0.52f) : Tones.FromHsl(47f, 0.95f, 0.64f);
        ink.Shape(ink.Ellipse(0f, y, 0.34f, 0.34f), disc.LinedLike(t.Main));
        if (t.Jewel)
        {
            ink.Jewel(0f, y, 0.24f);
            return;
        }

        ink.Cheeks(0f, y + 0.1f, 0.23f, 0.07f);
        ink.Eyes(0f, y - 0.05f, 0.15f, 0.1f);
        ink.Mouth(0f, y + 0.13f, 0.09f);
        ink.Hat(0f, y - 0.46f, 0.44f, -6f);
    }

    private static void Ring(Ink ink, Tones tones, float y, float reach, float turn)
    {
        const int petals = 6;
        const float width = 1.35f / petals;
        for (int i = 0; i < petals; i++)
        {
            float angle = (i + turn) * 360f / petals;
            SKPath petal = ink.Ellipse(0f, y - reach, width, 0.3f);
            ink.Shape(ink.Moved(petal, 0f, 0f, angle, 0f, y), tones);
        }
    }
}
