using SkiaSharp;

namespace LatentDiffusion.Models.Drawings;

/// <summary>The colours of one material: its fill, shade, highlight and outline.</summary>
internal readonly record struct Tones(SKColor Fill, SKColor Shade, SKColor Light, SKColor Line)
{
    // Hues in degrees that shadows and highlights lean towards, and by how much.
    private const float Shadow = 255f;
    private const float Sun = 55f;
    private const float Lean = 8f;

    /// <summary>Makes the tones of a colour given as hue (degrees), saturation and lightness (0 to 1).</summary>
    public static Tones FromHsl(float hue, float saturation, float lightness) => new(
        Color(hue, saturation, lightness),

        // Light colours darken less and grow paler, or a pink's shade would be a magenta.
        Color(
            Towards(hue, Shadow),
            saturation * (0.95f - (0.9f * MathF.Max(0f, lightness - 0.6f))),
            lightness * (0.75f + (0.55f * MathF.Max(0f, lightness - 0.6f)))),
        Color(Towards(hue, Sun), saturation, lightness + ((1f - lightness) * 0.6f)),
        Color(hue, MathF.Min(saturation, 0.7f) * 0.8f, MathF.Min(0.05f + (lightness * 0.2f), 0.17f)));

    /// <summary>Light reflected into the shade from below.</summary>
    public SKColor Reflected => Mix(Shade, Fill, 0.6f);

    /// <summary>The same material in another's outline, so that the parts of one body share their line.</summary>
    public Tones LinedLike(Tones other) => this with { Line = other.Line };

    /// <summary>The same material seen in shadow, for parts on the far side.</summary>
    public Tones Far => this with { Fill = Shade, Shade = Mix(Shade, Line, 0.25f), Light = Fill };

    /// <summary>A material of one flat colour.</summary>
    public static Tones Flat(SKColor color, SKColor line) => new(color, color, color, line);

    /// <summary>A colour from hue, saturation and lightness.</summary>
    public static SKColor Color(float hue, float saturation, float lightness) =>
        SKColor.FromHsl((hue + 360f) % 360f, Math.Clamp(saturation, 0f, 1f) * 100f, Math.Clamp(lightness, 0f, 1f) * 100f);

    /// <summary>A colour between two, at a fraction from the first to the second.</summary>
    public static SKColor Mix(SKColor a, SKColor b, float fraction) => new(
        (byte)(a.Red + ((b.Red - a.Red) * fraction)),
        (byte)(a.Green + ((b.Green - a.Green) * fraction)),
        (byte)(a.Blue + ((b.Blue - a.Blue) * fraction)));

    private static float Towards(float hue, float target)
    {
        float way = (((target - hue) % 360f) + 540f) % 360f - 180f;
        return hue + Math.Clamp(way, -Lean, Lean);
    }
}
