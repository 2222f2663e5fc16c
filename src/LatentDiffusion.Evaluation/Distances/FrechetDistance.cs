using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Evaluation;

/// <summary>
/// The squared Fréchet distance between Gaussians with the means and covariances of two feature sets,
/// ‖μ₁ − μ₂‖² + Tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½) (Heusel et al. 2017, equation 6). It is the FID if the features are Inception's.
/// </summary>
/// <remarks>
/// Tr((Σ₁Σ₂)^½) is computed as the sum of the singular values of Σ₁^½·Σ₂^½, with roots from symmetric eigendecompositions. No
/// root of a non-symmetric matrix is needed, nothing becomes complex, and nothing needs to be added to the diagonal if there are
/// fewer images than features. The distance of finite sets is biased upwards, more so for fewer images: compare at equal
/// numbers, or extrapolate.
/// </remarks>
public static class FrechetDistance
{
    /// <summary>The distance between two sets of features.</summary>
    /// <param name="first">[images, width] of at least two images.</param>
    /// <param name="second">The other set, of the same width; the number of images may differ.</param>
    /// <param name="ridge">Added to both diagonals, at least 0. Default 0.</param>
    /// <exception cref="ArgumentException">Shapes do not match, or a feature is not finite.</exception>
    public static double Between(Tensor first, Tensor second, double ridge = 0)
    {
        using FeatureStatistics a = FeatureStatistics.FromFeatures(first), b = FeatureStatistics.FromFeatures(second);
        return Between(a, b, ridge);
    }

    /// <summary>The distance between two Gaussians.</summary>
    /// <param name="first">Mean and covariance.</param>
    /// <param name="second">Mean and covariance of the same width.</param>
    /// <param name="ridge">Added to both diagonals, at least 0. Default 0.</param>
    /// <exception cref="ArgumentException">
    /// The widths differ, or a covariance has an eigenvalue that is negative beyond rounding.
    /// </exception>
    public static double Between(FeatureStatistics first, FeatureStatistics second, double ridge = 0)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        if (!(ridge >= 0)) throw new ArgumentOutOfRangeException(nameof(ridge), ridge, "A ridge is at least 0.");
        if (first.Mean.shape[0] != second.Mean.shape[0])
            throw new ArgumentException(
                "Only features of the same extractor can be compared; "
                + $"these have widths {first.Mean.shape[0]} and {second.Mean.shape[0]}.", nameof(second));
        using DisposeScope scope = NewDisposeScope();
        (Tensor rootA, double traceA) = Root(first.Covariance, ridge);
        (Tensor rootB, double traceB) = Root(second.Covariance, ridge);
        double means = (first.Mean - second.Mean).Square().sum().item<double>();
        double product = linalg.svdvals(rootA.mm(rootB.t())).sum().item<double>();
        // The distance between equal sets is 0 up to rounding, which may be negative.
        return Math.Max(0, means + traceA + traceB - 2 * product);
    }

    /// <summary>
    /// The distance that infinitely many images would have. The distances of random subsets of growing size are linear in 1/size
    /// and are extrapolated by least squares (Chong &amp; Forsyth 2020, "Effectively Unbiased FID").
    /// </summary>
    /// <param name="features">[images, width]; subsets have from half to all of these.</param>
    /// <param name="reference">The fixed other set.</param>
    /// <param name="points">Number of subset sizes, at least 2. Default 15.</param>
    /// <param name="seed">Seed of the subsets. Default 0.</param>
    /// <exception cref="ArgumentException">Shapes do not match, or there are fewer than four images.</exception>
    public static double Extrapolated(Tensor features, Tensor reference, int points = 15, ulong seed = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(points, 2);
        using DisposeScope scope = NewDisposeScope();
        Tensor values = FeatureMatrix.Checked(features, 4, nameof(features));
        using FeatureStatistics fixedSet = FeatureStatistics.FromFeatures(reference);
        int all = (int)values.shape[0], least = all / 2;
        double[] x = new double[points], y = new double[points];
        for (int i = 0; i < points; i++)
        {
            int size = least + (int)Math.Round((double)(all - least) * i / (points - 1));
            using DisposeScope inner = NewDisposeScope();
            using FeatureStatistics subset =
                FeatureStatistics.FromFeatures(FeatureMatrix.Draw(values, size, SeedSequence.ForStep(seed, i)));
            (x[i], y[i]) = (1.0 / size, Between(subset, fixedSet));
        }

        double meanX = x.Average(), meanY = y.Average();
        double slope = x.Zip(y, (a, b) => (a - meanX) * (b - meanY)).Sum() / x.Sum(a => (a - meanX) * (a - meanX));
        return meanY - slope * meanX;
    }

    /// <summary>R with RᵀR = Σ + ridge·I, as diag(√λ)·Vᵀ, and the trace of Σ + ridge·I.</summary>
    private static (Tensor Root, double Trace) Root(Tensor covariance, double ridge)
    {
        Tensor symmetric = covariance.Add(covariance.t()).Divide(2);
        (Tensor values, Tensor vectors) = linalg.eigh(symmetric);
        double largest = values.max().item<double>(), least = values.min().item<double>();
        double rounding = values.shape[0] * Math.Max(Math.Abs(largest), double.Epsilon) * Math.Pow(2, -50);
        if (least < -1e6 * rounding)
            throw new ArgumentException(
                $"A covariance cannot have a negative eigenvalue; this one has {least}, and {largest} as the largest.");
        // Values within rounding count as 0, because their roots would be many times larger.
        Tensor kept = where(values.abs().LessThanOrEqual(rounding), zeros_like(values), values).ClampMin(0).Add(ridge);
        return (kept.sqrt().unsqueeze(1) * vectors.t(), kept.sum().item<double>());
    }
}
