using SkiaSharp;

namespace LatentDiffusion.Models.Drawings;

/// <summary>A bear: bulky, with small round ears, a broad muzzle and a stub of a tail.</summary>
internal sealed class Bear : FourLegged
{
    protected override float Bulk => 1.32f;

    protected override float HeadSize => 0.95f;

    protected override void Tail(Ink ink, Traits t, float x, float y) =>
        ink.Shape(ink.Ellipse(x + 0.16f, y, 0.11f, 0.1f), t.Main);

    protected override void Ears(Ink ink, Traits t, float x, float y, float r)
    {
        foreach (float side in Sides)
        {
            float size = r * 0.31f * t.Ear;
            ink.Shape(ink.Ellipse(x + (side * r * 0.76f), y - (r * 0.7f), size, size), t.Main);
            ink.Mark(ink.Ellipse(x + (side * r * 0.74f), y - (r * 0.66f), size * 0.58f, size * 0.58f), t.Second);
        }
    }

    protected override void Face(Ink ink, Traits t, float x, float y, float r, SKPath skull)
    {
        if (t.TwoTone)
        {
            ink.Mark(ink.Ellipse(x, y + (r * 0.62f), r * 0.86f, r * 0.5f), t.Second, shading: 0.4f, within: skull);
            ink.Line(skull, t.Main.Line);
        }

        ink.Cheeks(x, y + (r * 0.3f), r * 0.74f, r * 0.14f);
        ink.Eyes(x, y - (r * 0.1f), r * 0.46f, r * 0.21f);
        ink.Shape(ink.Ellipse(x, y + (r * 0.4f), r * 0.47f, r * 0.36f), t.Second, shading: 0.7f);
        ink.Nose(x, y + (r * 0.24f), r * 0.19f, Palette.Dark);
        ink.Muzzle(x, y + (r * 0.46f), r * 0.22f);
    }
}
