using SkiaSharp;

namespace LatentDiffusion.Models.Drawings;

/// <summary>A rabbit: long upright ears, two front teeth and a cotton tail.</summary>
internal sealed class Rabbit : FourLegged
{
    protected override float HeadSize => 0.92f;

    protected override void Tail(Ink ink, Traits t, float x, float y) =>
        ink.Shape(
            ink.Blob(
                x, y - 0.1f, x + 0.12f, y - 0.17f, x + 0.25f, y - 0.1f, x + 0.27f, y + 0.04f, x + 0.17f, y + 0.13f,
                x + 0.02f, y + 0.1f),
            t.Second);

    protected override void Ears(Ink ink, Traits t, float x, float y, float r)
    {
        foreach (float side in Sides)
        {
            float length = r * 0.72f * t.Ear;
            float angle = side * (12f + (t.Pose * 5f));
            float ex = x + (side * r * 0.5f);
            float ey = y - (r * 0.65f) - length;
            ink.Shape(ink.Ellipse(ex, ey, r * 0.27f, length * 1.25f, angle), t.Main);
            ink.Mark(ink.Ellipse(ex, ey + (length * 0.1f), r * 0.14f, length * 0.95f, angle), t.Second, shading: 0.5f);
        }
    }

    protected override SKPath Skull(Ink ink, float x, float y, float r) => ink.Ellipse(x, y, r, r * 0.93f);

    protected override void Face(Ink ink, Traits t, float x, float y, float r, SKPath skull)
    {
        (float wide, float high) = t.TwoTone ? (0.74f, 0.48f) : (0.52f, 0.4f);
        ink.Mark(ink.Ellipse(x, y + (r * 0.62f), r * wide, r * high), t.Second, shading: 0.4f, within: skull);
        ink.Line(skull, t.Main.Line);
        ink.Cheeks(x, y + (r * 0.38f), r * 0.66f, r * 0.15f);
        ink.Eyes(x, y, r * 0.44f, r * 0.24f);
        SKPath teeth = ink.Corners(
            0.15f, x - (r * 0.11f), y + (r * 0.6f), x + (r * 0.11f), y + (r * 0.6f), x + (r * 0.1f), y + (r * 0.82f),
            x - (r * 0.1f), y + (r * 0.82f));
        ink.Fill(teeth, SKColors.White);
        ink.Line(teeth, Palette.Dark, 0.7f);
        ink.Line(Palette.Dark, 0.7f, x, y + (r * 0.6f), x, y + (r * 0.82f));
        ink.Nose(x, y + (r * 0.4f), r * 0.11f, Palette.Blush);
        ink.Muzzle(x, y + (r * 0.54f), r * 0.22f);
    }
}
