using SkiaSharp;

namespace LatentDiffusion.Models.Drawings;

/// <summary>A fox: large pointed ears with dark tips, pale cheek ruffs, a pointed muzzle and a bushy tail with a pale tip.</summary>
internal sealed class Fox : FourLegged
{
    protected override float Bulk => 0.88f;

    protected override void Tail(Ink ink, Traits t, float x, float y)
    {
        float k = t.Limb;
        SKPath tail = ink.Blob(
            x, y + 0.06f, x + (0.22f * k), y + 0.1f, x + (0.5f * k), y - (0.1f * k), x + (0.56f * k), y - (0.42f * k),
            x + (0.42f * k), y - (0.68f * k), x + (0.28f * k), y - (0.45f * k), x + (0.16f * k), y - (0.2f * k), x, y - 0.12f);
        ink.Shape(tail, t.Main);
        SKPath tip = ink.Corners(
            0f, x, y - (0.36f * k), x + (0.22f * k), y - (0.45f * k), x + (0.34f * k), y - (0.36f * k),
            x + (0.45f * k), y - (0.45f * k), x + (0.7f * k), y - (0.34f * k), x + (0.7f * k), y - k, x, y - k);
        ink.Mark(tip, t.Second, within: tail);
        ink.Line(tail, t.Main.Line);
    }

    protected override void Ears(Ink ink, Traits t, float x, float y, float r)
    {
        foreach (float side in Sides)
        {
            float tip = r * 1.55f * ((t.Ear * 0.5f) + 0.5f);
            SKPath ear = ink.Corners(
                0.08f, x + (side * r * 0.95f), y - (r * 0.15f), x + (side * r * 0.85f), y - tip,
                x + (side * r * 0.08f), y - (r * 0.62f));
            ink.Shape(ear, t.Main);
            ink.Mark(
                ink.Corners(
                    0.1f, x + (side * r * 0.82f), y - (r * 0.3f), x + (side * r * 0.76f), y - (tip * 0.82f),
                    x + (side * r * 0.32f), y - (r * 0.6f)),
                t.Second);
            ink.Mark(
                ink.Ellipse(x + (side * r * 0.86f), y - (tip * 1.02f), r * 0.3f, r * 0.32f),
                Tones.Flat(t.Main.Line, t.Main.Line),
                within: ear);
            ink.Line(ear, t.Main.Line);
        }
    }

    protected override SKPath Skull(Ink ink, float x, float y, float r) =>
        ink.Corners(
            0.2f, x - (r * 0.75f), y - (r * 0.72f), x, y - (r * 0.9f), x + (r * 0.75f), y - (r * 0.72f),
            x + (r * 1.02f), y - (r * 0.02f), x + (r * 1.28f), y + (r * 0.4f), x + (r * 0.72f), y + (r * 0.62f), x, y + (r * 1.0f),
            x - (r * 0.72f), y + (r * 0.62f), x - (r * 1.28f), y + (r * 0.4f), x - (r * 1.02f), y - (r * 0.02f));

    protected override void Face(Ink ink, Traits t, float x, float y, float r, SKPath skull)
    {
        foreach (float side in Sides)
        {
            SKPath ruff = ink.Blob(
                x, y + (r * 1.1f), x - (r * 0.1f), y + (r * 0.4f), x - (r * 0.5f), y + (r * 0.28f), x - (r * 1.0f), y + (r * 0.16f),
                x - (r * 1.5f), y + (r * 0.5f), x - (r * 0.8f), y + (r * 1.0f));
            ink.Mark(ink.OnSide(side, ruff, x), t.Second, shading: 0.6f, within: skull);
        }

        ink.Line(skull, t.Main.Line);
        ink.Eyes(x, y, r * 0.44f, r * 0.23f);
        ink.Nose(x, y + (r * 0.62f), r * 0.14f, Palette.Dark);
        ink.Line(Palette.Dark, 1.2f, x - (r * 0.2f), y + (r * 0.76f), x, y + (r * 0.84f), x + (r * 0.2f), y + (r * 0.76f));
    }
}
