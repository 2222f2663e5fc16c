namespace LatentDiffusion.Evaluation;

/// <summary>
/// Structural similarity (SSIM; Wang et al. 2004, equation 13): means, variances and covariance in an 11 x 11 Gaussian
/// window with standard deviation 1.5, K₁ = 0.01, K₂ = 0.03 and L = 255, averaged over all positions of the window within the
/// image. 1 for equal images, about 0 for unrelated ones.
/// </summary>
public static class StructuralSimilarity
{
    /// <summary>Width and height of the window in pixels, and minimum size of images.</summary>
    public const int WindowSize = 11;

    private const double C1 = 0.01 * 255 * 0.01 * 255, C2 = 0.03 * 255 * 0.03 * 255, StandardDeviation = 1.5;

    // Weights of the five scales, from the finest (Wang, Simoncelli & Bovik 2003, section 3.2).
    private static readonly double[] s_scaleWeights = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];
    private static readonly double[] s_window = Window();

    /// <summary>The similarity of the luminance (ITU-R BT.601), as published.</summary>
    /// <exception cref="ArgumentException">The images differ in size or are smaller than the window.</exception>
    public static double Compute(ImageBuffer image, ImageBuffer reference)
    {
        Check(image, reference, WindowSize);
        return Compare(Plane.Luminance(image), Plane.Luminance(reference)).Similarity;
    }

    /// <summary>The similarities of the red, green and blue channels.</summary>
    /// <inheritdoc cref="Compute" path="/exception"/>
    public static (double Red, double Green, double Blue) ComputeChannels(ImageBuffer image, ImageBuffer reference)
    {
        Check(image, reference, WindowSize);
        double Channel(int c) => Compare(Plane.Channel(image, c), Plane.Channel(reference, c)).Similarity;
        return (Channel(0), Channel(1), Channel(2));
    }

    /// <summary>
    /// Multi-scale similarity of the luminance (MS-SSIM; Wang, Simoncelli &amp; Bovik 2003, equation 7): contrast and
    /// structure at five scales, each half the previous one, and luminance at the last. A negative term counts as 0.
    /// </summary>
    /// <exception cref="ArgumentException">
    /// The images differ in size or are smaller than 176 x 176, so that the window does not fit the last scale.
    /// </exception>
    public static double MultiScale(ImageBuffer image, ImageBuffer reference)
    {
        Check(image, reference, WindowSize << (s_scaleWeights.Length - 1));
        (Plane a, Plane b) = (Plane.Luminance(image), Plane.Luminance(reference));
        double product = 1;
        for (int scale = 0; scale < s_scaleWeights.Length; scale++)
        {
            (double similarity, double contrast) = Compare(a, b);
            bool last = scale == s_scaleWeights.Length - 1;
            product *= Math.Pow(Math.Max(0, last ? similarity : contrast), s_scaleWeights[scale]);
            if (!last) (a, b) = (a.Halve(), b.Halve());
        }

        return product;
    }

    /// <summary>Mean of l·c·s over all windows, and of c·s.</summary>
    private static (double Similarity, double Contrast) Compare(Plane a, Plane b)
    {
        Plane meanA = a.Filter(s_window), meanB = b.Filter(s_window);
        Plane squareA = a.Zip(a, (x, y) => x * y).Filter(s_window), squareB = b.Zip(b, (x, y) => x * y).Filter(s_window);
        Plane product = a.Zip(b, (x, y) => x * y).Filter(s_window);
        double similarity = 0, contrast = 0;
        for (int i = 0; i < product.Values.Length; i++)
        {
            double ma = meanA.Values[i], mb = meanB.Values[i];
            double varianceA = squareA.Values[i] - ma * ma, varianceB = squareB.Values[i] - mb * mb;
            double covariance = product.Values[i] - ma * mb;
            double structure = (2 * covariance + C2) / (varianceA + varianceB + C2);
            contrast += structure;
            similarity += structure * (2 * ma * mb + C1) / (ma * ma + mb * mb + C1);
        }

        return (similarity / product.Values.Length, contrast / product.Values.Length);
    }

    private static void Check(ImageBuffer image, ImageBuffer reference, int least)
    {
        SizeGuard.Check(image, reference);
        if (image.Width < least || image.Height < least)
            throw new ArgumentException(
                $"The image has {image.Width} x {image.Height} pixels; at least {least} x {least} are needed.", nameof(image));
    }

    private static double[] Window()
    {
        double[] weights = [.. Enumerable.Range(-(WindowSize / 2), WindowSize)
            .Select(x => Math.Exp(-x * x / (2 * StandardDeviation * StandardDeviation)))];
        double sum = weights.Sum();
        return [.. weights.Select(w => w / sum)];
    }
}
