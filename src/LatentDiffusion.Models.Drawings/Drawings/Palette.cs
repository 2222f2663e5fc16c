using SkiaSharp;

namespace LatentDiffusion.Models.Drawings;

/// <summary>The named colours, and the materials that are the same in every drawing.</summary>
internal static class Palette
{
    public static readonly SKColor Dark = new(0x1C, 0x18, 0x24);
    public static readonly SKColor Blush = new(0xF5, 0x8F, 0x9B);
    public static readonly Tones Beak = Tones.FromHsl(33f, 0.95f, 0.56f);
    public static readonly Tones Gold = Tones.FromHsl(45f, 0.90f, 0.58f);
    public static readonly Tones Stone = Tones.FromHsl(215f, 0.07f, 0.58f);
    public static readonly Tones Leaf = Tones.FromHsl(122f, 0.50f, 0.46f);
    public static readonly Tones Cream = Tones.FromHsl(38f, 0.60f, 0.88f);
    public static readonly Tones RedCloth = Tones.FromHsl(357f, 0.80f, 0.47f);
    public static readonly Tones BlueCloth = Tones.FromHsl(222f, 0.78f, 0.46f);
    public static readonly Tones White = new(new(0xFA, 0xFB, 0xFE), new(0xD3, 0xD9, 0xE6), SKColors.White, new(0x2A, 0x2C, 0x38));

    /// <summary>Main and secondary tones of a named colour, with small shifts.</summary>
    public static (Tones Main, Tones Second) ForColor(string name, float hueShift, float lightShift)
    {
        bool twoTone = name.EndsWith(" and white", StringComparison.Ordinal);
        string plain = twoTone ? name[..^" and white".Length] : name;

        // Red and blue have deep tints: a pale belly would be hard to distinguish from the white of "red and white".
        (float hue, float saturation, float lightness, float tint) = plain switch
        {
            "red" => (357f, 0.78f, 0.52f, 0.72f),
            "orange" => (26f, 0.96f, 0.55f, 0.83f),
            "yellow" => (50f, 0.96f, 0.57f, 0.84f),
            "green" => (122f, 0.48f, 0.46f, 0.78f),
            "blue" => (214f, 0.80f, 0.53f, 0.70f),
            "purple" => (274f, 0.54f, 0.52f, 0.82f),
            "pink" => (336f, 0.88f, 0.76f, 0.91f),
            "brown" => (24f, 0.50f, 0.36f, 0.68f),
            "gray" => (218f, 0.04f, 0.60f, 0.83f),
            "black" => (232f, 0.09f, 0.21f, 0.50f),
            _ => throw new ArgumentException($"The colour '{name}' does not exist.", nameof(name)),
        };
        Tones main = Tones.FromHsl(hue + hueShift, saturation, lightness + lightShift);
        Tones second = twoTone ? White : Tones.FromHsl(hue + hueShift, saturation * 0.85f, tint + (lightShift / 2f));
        return (main, second.LinedLike(main));
    }
}
