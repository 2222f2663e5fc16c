using static TorchSharp.torch;

namespace LatentDiffusion.Evaluation;

/// <summary>
/// Pictures to feature vectors, in whose space distances between sets of pictures are measured. A distance means something
/// beside another one of the same extractor only. Safe for concurrent use.
/// </summary>
public interface IFeatureExtractor
{
    /// <summary>What the features are, for reports.</summary>
    string Name { get; }

    /// <summary>Features of a batch.</summary>
    /// <param name="images">At least one picture.</param>
    /// <returns>Floating-point [pictures, width]; a picture's features do not depend on the others.</returns>
    Tensor Extract(IReadOnlyList<ImageBuffer> images);
}
