using SkiaSharp;

namespace LatentDiffusion.Models.Drawings;

/// <summary>A mouse: huge round ears, a pink nose and a long thin tail.</summary>
internal sealed class Mouse : FourLegged
{
    private static readonly Tones Pink = Tones.FromHsl(350f, 0.75f, 0.8f);

    protected override float Bulk => 0.82f;

    protected override float HeadSize => 0.9f;

    protected override void Tail(Ink ink, Traits t, float x, float y)
    {
        float k = t.Limb;
        ink.Shape(
            ink.Tube(
                0.045f, 0.028f, x, y + 0.05f, x + (0.26f * k), y + 0.1f, x + (0.42f * k), y - 0.14f,
                x + (0.3f * k), y - (0.36f * k), x + (0.5f * k), y - (0.55f * k)),
            Pink.LinedLike(t.Main));
    }

    protected override void Ears(Ink ink, Traits t, float x, float y, float r)
    {
        foreach (float side in Sides)
        {
            float size = r * 0.62f * t.Ear;
            ink.Shape(ink.Ellipse(x + (side * r * 0.95f), y - (r * 0.72f), size, size), t.Main);
            ink.Mark(ink.Ellipse(x + (side * r * 0.95f), y - (r * 0.7f), size * 0.66f, size * 0.66f), t.Second);
        }
    }

    protected override SKPath Skull(Ink ink, float x, float y, float r) =>
        ink.Blob(
            x - (r * 0.6f), y - (r * 0.72f), x + (r * 0.6f), y - (r * 0.72f), x + (r * 0.98f), y + (r * 0.1f),
            x + (r * 0.6f), y + (r * 0.68f), x, y + (r * 0.92f), x - (r * 0.6f), y + (r * 0.68f), x - (r * 0.98f), y + (r * 0.1f));

    protected override void Face(Ink ink, Traits t, float x, float y, float r, SKPath skull)
    {
        (float wide, float high) = t.TwoTone ? (0.7f, 0.46f) : (0.42f, 0.36f);
        ink.Mark(ink.Ellipse(x, y + (r * 0.72f), r * wide, r * high), t.Second, shading: 0.4f, within: skull);
        ink.Line(skull, t.Main.Line);
        ink.Cheeks(x, y + (r * 0.42f), r * 0.62f, r * 0.14f);
        ink.Eyes(x, y + (r * 0.02f), r * 0.4f, r * 0.22f);
        ink.Nose(x, y + (r * 0.5f), r * 0.15f, Palette.Blush);
        ink.Mouth(x, y + (r * 0.7f), r * 0.13f);
        foreach (float side in Sides)
        {
            ink.Line(t.Main.Line, 0.9f, x + (side * r * 0.5f), y + (r * 0.55f), x + (side * r * 1.2f), y + (r * 0.42f));
            ink.Line(t.Main.Line, 0.9f, x + (side * r * 0.48f), y + (r * 0.66f), x + (side * r * 1.15f), y + (r * 0.72f));
        }
    }
}
