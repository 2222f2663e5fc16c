using SkiaSharp;

namespace LatentDiffusion.Models.Drawings;

/// <summary>The named colours, and the materials that are the same in every drawing.</summary>
internal static class Palette
{
    public static readonly SKColor Dark = new(0x1C, 0x18, 0x24);
    public static readonly SKColor Blush = new(0xF5, 0x8F, 0x9B);
    public static readonly SKColor CastShadow = new(0xC4, 0xBC, 0xDA);
    public static readonly Tones Beak = Tones.FromHsl(33f, 0.95f, 0.56f);
    public static readonly Tones Gold = Tones.FromHsl(45f, 0.90f, 0.58f);
    public static readonly Tones Stone = Tones.FromHsl(215f, 0.07f, 0.58f);
    public static readonly Tones Leaf = Tones.FromHsl(122f, 0.50f, 0.46f);
    public static readonly Tones Cream = Tones.FromHsl(36f, 0.58f, 0.80f);
    public static readonly Tones Tongue = Tones.FromHsl(352f, 0.80f, 0.68f);
    public static readonly Tones RedCloth = Tones.FromHsl(356f, 0.82f, 0.43f);
    public static readonly Tones BlueCloth = Tones.FromHsl(224f, 0.78f, 0.43f);
    public static readonly Tones White = new(new(0xFC, 0xFC, 0xFF), new(0xD0, 0xD8, 0xE8), SKColors.White, new(0x2A, 0x2C, 0x38));

    private static readonly SKColor WarmIris = new(0xD0, 0x7A, 0x1C);
    private static readonly SKColor CoolIris = new(0x1F, 0x8F, 0xC4);

    /// <summary>Main and secondary tones of a named colour, with small shifts.</summary>
    public static (Tones Main, Tones Second) ForColor(string name, float hueShift, float lightShift)
    {
        bool twoTone = IsTwoTone(name);
        string plain = twoTone ? name[..^" and white".Length] : name;

        // The second tone of a single colour is a clear tint: a pale belly is hard to distinguish from the white of "blue and white".
        (float hue, float saturation, float lightness, float tint) = plain switch
        {
            "red" => (357f, 0.78f, 0.52f, 0.70f),
            "orange" => (26f, 0.96f, 0.55f, 0.76f),
            "yellow" => (50f, 0.96f, 0.57f, 0.78f),
            "green" => (122f, 0.48f, 0.46f, 0.69f),
            "blue" => (214f, 0.80f, 0.53f, 0.70f),
            "purple" => (274f, 0.54f, 0.52f, 0.74f),
            "pink" => (336f, 0.86f, 0.74f, 0.86f),
            "brown" => (24f, 0.50f, 0.36f, 0.60f),
            "gray" => (218f, 0.04f, 0.58f, 0.76f),
            "black" => (232f, 0.10f, 0.22f, 0.46f),
            _ => throw new ArgumentException($"The colour '{name}' does not exist.", nameof(name)),
        };
        Tones main = Tones.FromHsl(hue + hueShift, saturation, lightness + lightShift);
        Tones second = twoTone ? White : Tones.FromHsl(hue + hueShift, saturation * 0.9f, tint + (lightShift / 2f));
        return (main, second.LinedLike(main));
    }

    /// <summary>Whether a colour is one with white.</summary>
    public static bool IsTwoTone(string name) => name.EndsWith(" and white", StringComparison.Ordinal);

    /// <summary>The iris that stands out from a body: blue on warm colours, amber on others. It is the same in all drawings.</summary>
    public static SKColor Iris(string name) => IsWarm(name) ? CoolIris : WarmIris;

    /// <summary>Whether a colour is on the warm side.</summary>
    public static bool IsWarm(string name) => name is "red" or "orange" or "yellow" or "pink" or "brown" or "red and white";
}
