using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Evaluation;

/// <summary>Features of many images.</summary>
public static class FeatureExtractorExtensions
{
    private const int BatchSize = 4;

    /// <summary>Extracts the features of all images, a few at a time.</summary>
    /// <param name="extractor">The extractor.</param>
    /// <param name="images">At least one image.</param>
    /// <param name="progress">Receives the number of images done.</param>
    /// <param name="cancellationToken">Checked before each batch.</param>
    /// <returns>float64 on the CPU, [images, width].</returns>
    /// <exception cref="ArgumentException">No images are given.</exception>
    /// <exception cref="InvalidOperationException">The extractor returned another shape.</exception>
    public static Tensor ExtractAll(
        this IFeatureExtractor extractor, IEnumerable<ImageBuffer> images, IProgress<int>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(extractor);
        ArgumentNullException.ThrowIfNull(images);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        var batches = new List<Tensor>();
        int done = 0;
        foreach (ImageBuffer[] batch in images.Chunk(BatchSize))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using DisposeScope inner = NewDisposeScope();
            Tensor features = extractor.Extract(batch);
            if (features.dim() != 2 || features.shape[0] != batch.Length)
                throw new InvalidOperationException(
                    $"The extractor '{extractor.Name}' returned [{string.Join(", ", features.shape)}] for {batch.Length} images; "
                    + $"expected [{batch.Length}, width].");
            batches.Add(features.to(ScalarType.Float64).cpu().MoveToOuterDisposeScope());
            progress?.Report(done += batch.Length);
        }

        if (batches.Count == 0) throw new ArgumentException("At least one image is needed.", nameof(images));
        return cat(batches).MoveToOuterDisposeScope();
    }
}
