namespace LatentDiffusion;

/// <summary>Quality of lossy image formats. For implementations of <see cref="IImageCodec"/>.</summary>
public static class ImageQuality
{
    /// <summary>The lowest quality, with the smallest files.</summary>
    public const int Minimum = 1;

    /// <summary>The highest quality.</summary>
    public const int Maximum = 100;

    /// <summary>Checks a quality.</summary>
    /// <param name="quality">From 1 to 100; null for a codec's default.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is out of range.</exception>
    public static void Check(int? quality)
    {
        if (quality is < Minimum or > Maximum)
            throw new ArgumentOutOfRangeException(nameof(quality), quality, $"Expected a quality from {Minimum} to {Maximum}, or null.");
    }
}
