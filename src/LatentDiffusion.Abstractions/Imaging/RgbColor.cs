namespace LatentDiffusion;

/// <summary>An 8-bit RGB colour.</summary>
/// <param name="Red">0 to 255.</param>
/// <param name="Green">0 to 255.</param>
/// <param name="Blue">0 to 255.</param>
public readonly record struct RgbColor(byte Red, byte Green, byte Blue)
{
    /// <summary>Black, the background of masks and control images.</summary>
    public static RgbColor Black => default;

    /// <summary>White.</summary>
    public static RgbColor White => new(byte.MaxValue, byte.MaxValue, byte.MaxValue);
}
