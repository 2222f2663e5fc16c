namespace LatentDiffusion.Data;

/// <summary>Size of an image.</summary>
/// <param name="Width">Width in pixels.</param>
/// <param name="Height">Height in pixels.</param>
public readonly record struct ImageSize(int Width, int Height)
{
    /// <summary>Width times height.</summary>
    public long Area => (long)Width * Height;

    /// <summary>Width over height.</summary>
    public double Ratio => (double)Width / Height;

    /// <summary>For example <c>1024 x 768</c>.</summary>
    public override string ToString() => $"{Width} x {Height}";
}
