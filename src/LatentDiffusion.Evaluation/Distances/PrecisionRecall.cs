using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Evaluation;

/// <summary>
/// How many generated pictures look real, and how much of the real variety is generated (Kynkäänniemi et al. 2019): a
/// picture is within a set's manifold where it is as near to one of its pictures as that one's k-th neighbour.
/// </summary>
/// <param name="Precision">Share of generated pictures within the real ones' manifold.</param>
/// <param name="Recall">Share of real pictures within the generated ones' manifold.</param>
/// <param name="Neighbours">The k.</param>
public sealed record PrecisionRecall(double Precision, double Recall, int Neighbours)
{
    /// <summary>Precision and recall of features.</summary>
    /// <param name="generated">[pictures, width].</param>
    /// <param name="real">[pictures, width].</param>
    /// <param name="neighbours">k, at least 1 and less than the number of pictures of either set. Default 3.</param>
    /// <exception cref="ArgumentException">Shapes do not fit, or a set is too small.</exception>
    public static PrecisionRecall Of(Tensor generated, Tensor real, int neighbours = 3)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(neighbours, 1);
        using DisposeScope scope = NewDisposeScope();
        Tensor a = FeatureMatrix.Checked(generated, neighbours + 1, nameof(generated)), b = FeatureMatrix.Checked(real, neighbours + 1, nameof(real));
        FeatureMatrix.SameWidth(a, b);
        return new PrecisionRecall(ShareWithin(b, a, neighbours), ShareWithin(a, b, neighbours), neighbours);
    }

    private static double ShareWithin(Tensor set, Tensor queries, int neighbours)
    {
        // The nearest of a set's own pictures is the picture itself.
        Tensor radii = cdist(set, set).topk(neighbours + 1, 1, largest: false, sorted: true).values.select(1, neighbours);
        return cdist(queries, set).le(radii).any(1).to(ScalarType.Float64).mean().item<double>();
    }
}
