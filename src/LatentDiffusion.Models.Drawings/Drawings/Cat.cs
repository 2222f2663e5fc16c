using SkiaSharp;

namespace LatentDiffusion.Models.Drawings;

/// <summary>A cat: pointed ears, whiskers, a striped forehead and a slender tail held high.</summary>
internal sealed class Cat : FourLegged
{
    protected override float Bulk => 0.9f;

    protected override void Tail(Ink ink, Traits t, float x, float y)
    {
        float up = 0.62f * t.Limb;
        SKPath tail = ink.Tube(0.09f, 0.08f, x, y, x + 0.26f, y - (up * 0.2f), x + 0.32f, y - (up * 0.65f), x + 0.2f, y - up);
        ink.Shape(tail, t.Main);
        ink.Mark(ink.Ellipse(x + 0.22f, y - (up * 1.02f), 0.17f, 0.2f), t.Second, shading: 0.5f, within: tail);
        ink.Line(tail, t.Main.Line);
    }

    protected override void Ears(Ink ink, Traits t, float x, float y, float r)
    {
        foreach (float side in Sides)
        {
            float tip = r * 1.42f * ((t.Ear * 0.5f) + 0.5f);
            ink.Shape(
                ink.Corners(
                    0.12f, x + (side * r * 0.98f), y - (r * 0.1f), x + (side * r * 0.86f), y - tip,
                    x + (side * r * 0.1f), y - (r * 0.7f)),
                t.Main);
            ink.Mark(
                ink.Corners(
                    0.12f, x + (side * r * 0.86f), y - (r * 0.3f), x + (side * r * 0.78f), y - (tip * 0.85f),
                    x + (side * r * 0.3f), y - (r * 0.7f)),
                t.Second);
        }
    }

    protected override void Face(Ink ink, Traits t, float x, float y, float r, SKPath skull)
    {
        float wide = t.TwoTone ? 1.3f : 1f;
        ink.Mark(
            ink.Union(
                ink.Ellipse(x - (r * 0.22f * wide), y + (r * 0.54f), r * 0.34f * wide, r * 0.32f * wide),
                ink.Ellipse(x + (r * 0.22f * wide), y + (r * 0.54f), r * 0.34f * wide, r * 0.32f * wide)),
            t.Second, shading: 0.4f, within: skull);
        foreach (float dx in (ReadOnlySpan<float>)[-0.2f, 0f, 0.2f])
        {
            ink.Line(t.Main.Line, 1.5f, x + (dx * r), y - (r * 0.86f), x + (dx * r * 0.8f), y - (r * (0.6f - MathF.Abs(dx * 0.5f))));
        }

        ink.Line(skull, t.Main.Line);
        ink.Cheeks(x, y + (r * 0.4f), r * 0.74f, r * 0.14f);
        ink.Eyes(x, y + (r * 0.02f), r * 0.46f, r * 0.25f);
        ink.Nose(x, y + (r * 0.4f), r * 0.1f, Palette.Blush);
        ink.Muzzle(x, y + (r * 0.55f), r * 0.24f);
        foreach (float side in Sides)
        {
            ink.Line(t.Main.Line, 0.9f, x + (side * r * 0.72f), y + (r * 0.42f), x + (side * r * 1.32f), y + (r * 0.3f));
            ink.Line(t.Main.Line, 0.9f, x + (side * r * 0.7f), y + (r * 0.55f), x + (side * r * 1.28f), y + (r * 0.62f));
        }
    }
}
