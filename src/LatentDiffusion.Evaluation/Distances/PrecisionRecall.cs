using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Evaluation;

/// <summary>
/// How many generated images look real, and how much of the real variety is generated (Kynkäänniemi et al. 2019). An image is
/// within the manifold of a set if, for an image of the set, it is as near as that image's k-th neighbour.
/// </summary>
/// <param name="Precision">Fraction of generated images within the manifold of the real ones.</param>
/// <param name="Recall">Fraction of real images within the manifold of the generated ones.</param>
/// <param name="Neighbours">The k.</param>
public sealed record PrecisionRecall(double Precision, double Recall, int Neighbours)
{
    /// <summary>Precision and recall of features.</summary>
    /// <param name="generated">[images, width].</param>
    /// <param name="real">[images, width].</param>
    /// <param name="neighbours">k, at least 1 and less than the number of images of either set. Default 3.</param>
    /// <exception cref="ArgumentException">Shapes do not match, or a set is too small.</exception>
    public static PrecisionRecall Compute(Tensor generated, Tensor real, int neighbours = 3)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(neighbours, 1);
        using DisposeScope scope = NewDisposeScope();
        Tensor a = FeatureMatrix.Checked(generated, neighbours + 1, nameof(generated));
        Tensor b = FeatureMatrix.Checked(real, neighbours + 1, nameof(real));
        FeatureMatrix.SameWidth(a, b);
        return new PrecisionRecall(FractionWithin(b, a, neighbours), FractionWithin(a, b, neighbours), neighbours);
    }

    private static double FractionWithin(Tensor set, Tensor queries, int neighbours)
    {
        // The nearest image within the set itself is the image, which does not count.
        Tensor radii = cdist(set, set).topk(neighbours + 1, 1, largest: false, sorted: true).values.select(1, neighbours);
        return cdist(queries, set).le(radii).any(1).to(ScalarType.Float64).mean().item<double>();
    }
}
