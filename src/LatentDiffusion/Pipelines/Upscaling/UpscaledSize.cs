namespace LatentDiffusion;

/// <summary>Completes and checks the size of upscaled images.</summary>
internal static class UpscaledSize
{
    private const int LongestSide = 65_535, Channels = 3;
    private static readonly SettingRange<double> s_scales = new(1, 16);
    private static readonly SettingRange<int> s_sides = new(1, LongestSide);

    /// <summary>Fills in width and height. Contradictions and values out of range are left for <see cref="Check"/>.</summary>
    /// <param name="upscaling">The size of a request.</param>
    /// <param name="width">Width of the generated image.</param>
    /// <param name="height">Height of the generated image.</param>
    /// <param name="ownScale">The upscaler's own scale.</param>
    public static ImageUpscaling Complete(ImageUpscaling upscaling, int width, int height, int ownScale)
    {
        if (Contradicts(upscaling) || !InRange(upscaling)) return upscaling;
        return upscaling switch
        {
            { Width: not null, Height: not null } => upscaling,
            { Width: { } only } => upscaling with { Height = Side((double)only * height / width) },
            { Height: { } only } => upscaling with { Width = Side((double)only * width / height) },
            _ => upscaling with
            {
                Width = Side((upscaling.Scale ?? ownScale) * width), Height = Side((upscaling.Scale ?? ownScale) * height), Scale = null,
            },
        };
    }

    /// <exception cref="ArgumentException">The size is impossible; the message names the setting.</exception>
    public static void Check(string setting, ImageUpscaling upscaling)
    {
        if (upscaling.Scale is { } scale)
        {
            RequestValidator.Check(s_scales.Contains(scale), $"{setting}.Scale", scale, s_scales.ToString());
            RequestValidator.Check(!Contradicts(upscaling), $"{setting}.Scale", scale, "none together with a width or height");
        }

        CheckSide($"{setting}.Width", upscaling.Width);
        CheckSide($"{setting}.Height", upscaling.Height);
        (long width, long height) = (upscaling.Width!.Value, upscaling.Height!.Value);
        RequestValidator.Check(
            width * height * Channels <= Array.MaxLength, setting, $"{width} x {height} pixels",
            $"at most {Array.MaxLength / Channels} pixels in total");
    }

    private static void CheckSide(string name, int? side) =>
        RequestValidator.Check(side is null || s_sides.Contains(side.Value), name, side, s_sides.ToString());

    private static bool Contradicts(ImageUpscaling upscaling) =>
        upscaling.Scale is not null && (upscaling.Width is not null || upscaling.Height is not null);

    private static bool InRange(ImageUpscaling upscaling) =>
        (upscaling.Scale is not { } scale || s_scales.Contains(scale))
        && (upscaling.Width is not { } width || s_sides.Contains(width))
        && (upscaling.Height is not { } height || s_sides.Contains(height));

    private static int Side(double length) => (int)Math.Clamp(Math.Round(length, MidpointRounding.AwayFromZero), 1, int.MaxValue);
}
