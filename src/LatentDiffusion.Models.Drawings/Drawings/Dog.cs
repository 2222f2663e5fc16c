using SkiaSharp;

namespace LatentDiffusion.Models.Drawings;

/// <summary>A dog: floppy ears, a big muzzle with a dark nose, a blaze on the forehead and its tongue out.</summary>
internal sealed class Dog : FourLegged
{
    protected override void Tail(Ink ink, Traits t, float x, float y) =>
        Tip(ink, t, ink.Tube(0.1f, 0.06f, x, y, x + 0.22f, y - 0.08f, x + 0.34f, y - (0.3f * t.Limb)), x + 0.36f, y - (0.32f * t.Limb));

    private static void Tip(Ink ink, Traits t, SKPath tail, float x, float y)
    {
        ink.Shape(tail, t.Main);
        ink.Mark(ink.Ellipse(x, y, 0.14f, 0.16f), t.Second, shading: 0.5f, within: tail);
        ink.Line(tail, t.Main.Line);
    }

    protected override void Ears(Ink ink, Traits t, float x, float y, float r)
    {
    }

    protected override SKPath Skull(Ink ink, float x, float y, float r) =>
        ink.Blob(
            x - (r * 0.62f), y - (r * 0.78f), x + (r * 0.62f), y - (r * 0.78f), x + (r * 0.95f), y - (r * 0.1f),
            x + (r * 0.8f), y + (r * 0.62f), x, y + (r * 0.95f), x - (r * 0.8f), y + (r * 0.62f), x - (r * 0.95f), y - (r * 0.1f));

    protected override void Face(Ink ink, Traits t, float x, float y, float r, SKPath skull)
    {
        float wide = t.TwoTone ? 1.4f : 1f;
        ink.Mark(
            ink.Blob(
                x - (r * 0.16f * wide), y - r, x + (r * 0.16f * wide), y - r, x + (r * 0.13f * wide), y - (r * 0.2f),
                x + (r * 0.62f * wide), y + (r * 0.36f), x + (r * 0.5f * wide), y + r, x - (r * 0.5f * wide), y + r,
                x - (r * 0.62f * wide), y + (r * 0.36f), x - (r * 0.13f * wide), y - (r * 0.2f)),
            t.Second, shading: 0.3f, within: skull);
        ink.Line(skull, t.Main.Line);
        ink.Eyes(x, y - (r * 0.1f), r * 0.39f, r * 0.22f);
        SKPath tongue = ink.Blob(
            x - (r * 0.13f), y + (r * 0.68f), x + (r * 0.13f), y + (r * 0.68f), x + (r * 0.14f), y + (r * 1.0f), x, y + (r * 1.1f),
            x - (r * 0.14f), y + (r * 1.0f));
        ink.Shape(ink.Ellipse(x, y + (r * 0.5f), r * 0.5f, r * 0.36f), t.Second, shading: 0.6f);
        if (t.Mouth != 2)
        {
            ink.Shape(tongue, Palette.Tongue);
        }

        ink.Muzzle(x, y + (r * 0.58f), r * 0.26f);
        ink.Nose(x, y + (r * 0.34f), r * 0.19f, Palette.Dark);
        foreach (float side in Sides)
        {
            float drop = r * 0.55f * t.Ear;
            SKPath ear = ink.Blob(
                x - (r * 0.5f), y - (r * 0.82f), x - (r * 0.85f), y - (r * 0.72f), x - (r * 1.28f), y - (r * 0.1f),
                x - (r * 1.25f), y + drop, x - (r * 0.95f), y + (drop * 1.1f), x - (r * 0.78f), y - (r * 0.2f));
            ink.Shape(ink.OnSide(side, ear, x), t.Main.Far, shading: 0.8f);
        }
    }
}
