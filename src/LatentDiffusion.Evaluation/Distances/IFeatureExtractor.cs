using static TorchSharp.torch;

namespace LatentDiffusion.Evaluation;

/// <summary>
/// Maps images to feature vectors, in whose space distances between image sets are measured. Distances are comparable only for
/// the same extractor. Implementations are safe for concurrent use.
/// </summary>
public interface IFeatureExtractor
{
    /// <summary>Describes the features, for reports.</summary>
    string Name { get; }

    /// <summary>Features of a batch.</summary>
    /// <param name="images">At least one image.</param>
    /// <returns>Floating-point [images, width]; an image's features do not depend on the other images.</returns>
    Tensor Extract(IReadOnlyList<ImageBuffer> images);
}
