namespace LatentDiffusion.Evaluation;

/// <summary>Peak signal-to-noise ratio of 8-bit images: 10·log10(255²/mean squared error), in decibels.</summary>
public static class PeakSignalToNoise
{
    /// <summary>The ratio for two images of one size; infinite if they are equal.</summary>
    /// <exception cref="ArgumentException">The images differ in size.</exception>
    public static double Compute(ImageBuffer image, ImageBuffer reference) => FromSquaredError(SquaredError(image, reference));

    /// <summary>The ratio for a mean squared error in 8-bit levels.</summary>
    internal static double FromSquaredError(double error) => 10 * Math.Log10(255.0 * 255.0 / error);

    /// <summary>Mean squared error in 8-bit levels, over all colour values.</summary>
    internal static double SquaredError(ImageBuffer image, ImageBuffer reference)
    {
        SizeGuard.Check(image, reference);
        ReadOnlySpan<byte> a = image.Rgb, b = reference.Rgb;
        long sum = 0;
        for (int i = 0; i < a.Length; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
        return (double)sum / a.Length;
    }
}
