using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// The distance of LPIPS (Zhang et al. 2018, equation 1): feature vectors scaled to length 1, their squared differences
/// weighted by channel and summed, averaged over each map and summed over layers.
/// </summary>
/// <param name="features">The feature maps.</param>
public sealed class PerceptualDistance(IPerceptualFeatures features)
{
    // Keeps the length of a vector of zeros from dividing by nothing, as published.
    private const double Epsilon = 1e-10;

    /// <summary>The mean distance of the images of two batches.</summary>
    /// <param name="first">[batch, 3, height, width] in [−1, 1].</param>
    /// <param name="second">Of the same shape.</param>
    /// <returns>A scalar that gradients can be taken of.</returns>
    /// <exception cref="ArgumentException">The features are none, or their weights do not fit them.</exception>
    public Tensor Between(Tensor first, Tensor second)
    {
        using DisposeScope scope = NewDisposeScope();
        IReadOnlyList<Tensor> one = features.Features(first), other = features.Features(second);
        IReadOnlyList<Tensor>? weights = features.ChannelWeights;
        if (one.Count == 0) throw new ArgumentException("The perceptual features are none; expected at least one layer.");
        if (weights is not null && weights.Count != one.Count)
            throw new ArgumentException($"The perceptual features have {one.Count} layers and channel weights for {weights.Count}.");
        Tensor sum = zeros(1, one[0].dtype).squeeze(0);
        for (int layer = 0; layer < one.Count; layer++)
        {
            Tensor squares = (Unit(one[layer]) - Unit(other[layer])).Square();
            if (weights is not null) squares = squares * weights[layer].to(squares.dtype).view(1, -1, 1, 1);
            sum = sum.Add(squares.sum(1).mean());
        }

        return sum.MoveToOuterDisposeScope();
    }

    private static Tensor Unit(Tensor map) => map / map.Square().sum(1, keepdim: true).Add(Epsilon * Epsilon).sqrt().Add(Epsilon);
}
