using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Evaluation;

/// <summary>
/// The kernel distance between two sets of features (KID; Bińkowski et al. 2018, section 4): the unbiased estimate of the
/// squared maximum mean discrepancy with the kernel (xᵀy/width + 1)³, averaged over random subsets. It is about 0 for sets of
/// the same distribution, for any number of images, and slightly negative as often as positive.
/// </summary>
/// <param name="Mean">Mean over the subsets.</param>
/// <param name="StandardError">
/// Standard deviation over the subsets, divided by the root of their number. Subsets overlap, so it does not include the choice
/// of images. Null for a single subset.
/// </param>
/// <param name="Subsets">Number of subsets; 1 if the sets are not larger than a subset.</param>
/// <param name="SubsetSize">Images of each set in a subset.</param>
public sealed record KernelDistance(double Mean, double? StandardError, int Subsets, int SubsetSize)
{
    /// <summary>The distance between two sets of features.</summary>
    /// <param name="first">[images, width] of at least two images.</param>
    /// <param name="second">The other set, of the same width; the number of images may differ.</param>
    /// <param name="subsets">Number of subsets, at least 1. Default 100.</param>
    /// <param name="subsetSize">Images of each set in a subset, at least 2; limited to the smaller set. Default 1000.</param>
    /// <param name="seed">Seed of the subsets. Default 0.</param>
    /// <exception cref="ArgumentException">Shapes do not match, or a feature is not finite.</exception>
    public static KernelDistance Between(Tensor first, Tensor second, int subsets = 100, int subsetSize = 1000, ulong seed = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(subsets, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(subsetSize, 2);
        using DisposeScope scope = NewDisposeScope();
        Tensor a = FeatureMatrix.Checked(first, 2, nameof(first)), b = FeatureMatrix.Checked(second, 2, nameof(second));
        FeatureMatrix.SameWidth(a, b);
        if (a.shape[0] <= subsetSize && b.shape[0] <= subsetSize)
            return new KernelDistance(Unbiased(a, b), null, 1, (int)Math.Min(a.shape[0], b.shape[0]));
        int size = (int)Math.Min(subsetSize, Math.Min(a.shape[0], b.shape[0]));
        double[] values = [.. Enumerable.Range(0, subsets).Select(i =>
        {
            using DisposeScope inner = NewDisposeScope();
            return Unbiased(
                FeatureMatrix.Draw(a, size, SeedSequence.ForStep(seed, 2 * i)),
                FeatureMatrix.Draw(b, size, SeedSequence.ForStep(seed, 2 * i + 1)));
        })];
        double mean = values.Average();
        double? error = subsets == 1 ? null : Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (subsets - 1) / subsets);
        return new KernelDistance(mean, error, subsets, size);
    }

    /// <summary>MMD²_u (Gretton et al. 2012, lemma 6): pairs of an image with itself are left out.</summary>
    private static double Unbiased(Tensor a, Tensor b)
    {
        double n = a.shape[0], m = b.shape[0];
        Tensor aa = Kernel(a, a), bb = Kernel(b, b);
        Tensor within = (aa.sum() - aa.trace()).Divide(n * (n - 1)).Add((bb.sum() - bb.trace()).Divide(m * (m - 1)));
        return (within - Kernel(a, b).mean().Multiply(2)).item<double>();
    }

    private static Tensor Kernel(Tensor a, Tensor b) => a.mm(b.t()).Divide(a.shape[1]).Add(1).Pow(3);
}
