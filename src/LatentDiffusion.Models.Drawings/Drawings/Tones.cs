using SkiaSharp;

namespace LatentDiffusion.Models.Drawings;

/// <summary>The colours of one material: its fill, shade, highlight and outline.</summary>
internal readonly record struct Tones(SKColor Fill, SKColor Shade, SKColor Light, SKColor Line)
{
    /// <summary>Makes the tones of a colour given as hue (degrees), saturation and lightness (0 to 1).</summary>
    public static Tones FromHsl(float hue, float saturation, float lightness) => new(
        Color(hue, saturation, lightness),

        // Light colours darken less and grow paler, or a pink's shade would be a magenta.
        Color(
            hue,
            saturation * (0.95f - (0.9f * MathF.Max(0f, lightness - 0.6f))),
            lightness * (0.77f + (0.55f * MathF.Max(0f, lightness - 0.6f)))),
        Color(hue, saturation, lightness + ((1f - lightness) * 0.6f)),
        Color(hue, MathF.Min(saturation, 0.7f) * 0.8f, MathF.Min(0.05f + (lightness * 0.2f), 0.17f)));

    /// <summary>The same material in another's outline, so that the parts of one body share their line.</summary>
    public Tones LinedLike(Tones other) => this with { Line = other.Line };

    /// <summary>The same material seen in shadow, for parts on the far side.</summary>
    public Tones Far => this with { Fill = Shade, Light = Fill };

    /// <summary>A colour from hue, saturation and lightness.</summary>
    public static SKColor Color(float hue, float saturation, float lightness) =>
        SKColor.FromHsl((hue + 360f) % 360f, Math.Clamp(saturation, 0f, 1f) * 100f, Math.Clamp(lightness, 0f, 1f) * 100f);
}
