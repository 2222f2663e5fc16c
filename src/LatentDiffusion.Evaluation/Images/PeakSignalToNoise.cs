namespace LatentDiffusion.Evaluation;

/// <summary>Peak signal-to-noise ratio of 8-bit pictures: 10·log10(255²/mean squared error), in decibels.</summary>
public static class PeakSignalToNoise
{
    /// <summary>The ratio of two pictures of one size; infinite where they are equal.</summary>
    /// <exception cref="ArgumentException">The pictures differ in size.</exception>
    public static double Of(ImageBuffer image, ImageBuffer reference) => FromSquaredError(SquaredError(image, reference));

    /// <summary>The ratio of a mean squared error in levels of a byte.</summary>
    internal static double FromSquaredError(double error) => 10 * Math.Log10(255.0 * 255.0 / error);

    /// <summary>Mean squared error in levels of a byte, over all colour values.</summary>
    internal static double SquaredError(ImageBuffer image, ImageBuffer reference)
    {
        SizeGuard.Check(image, reference);
        ReadOnlySpan<byte> a = image.Rgb, b = reference.Rgb;
        long sum = 0;
        for (int i = 0; i < a.Length; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
        return (double)sum / a.Length;
    }
}
