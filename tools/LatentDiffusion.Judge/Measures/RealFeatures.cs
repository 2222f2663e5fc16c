using LatentDiffusion.Evaluation;
using static TorchSharp.torch;

namespace LatentDiffusion.Judge;

/// <summary>
/// Features of two disjoint sets of unseen drawings. Generated sets use the captions of the first as prompts and replace it
/// in the comparison, so the distance of the two is that of a perfect model.
/// </summary>
internal sealed class RealFeatures : IDisposable
{
    private RealFeatures(Tensor first, Tensor reference) =>
        (First, Reference, Distance, Kernel) = (
            first, reference, FrechetDistance.Between(first, reference), KernelDistance.Between(first, reference).Mean);

    /// <summary>float64 [images, width]: the set that generated images replace.</summary>
    public Tensor First { get; }

    /// <summary>float64 [images, width]: the set that distances are measured to.</summary>
    public Tensor Reference { get; }

    /// <summary>The Fréchet distance of the two sets.</summary>
    public double Distance { get; }

    /// <summary>The unbiased kernel distance of the two sets: about 0.</summary>
    public double Kernel { get; }

    /// <summary>Requests for generated images with the captions of the first set.</summary>
    public static ImageRequest[] Requests(int count) =>
    [
        .. new DrawingSet(DrawingSet.Prompting, DrawingSet.SmallestSize).Captions(count)
            .Select((caption, i) => new ImageRequest(caption, (ulong)i)),
    ];

    /// <summary>Draws both sets and extracts their features.</summary>
    /// <param name="features">Extracts the features.</param>
    /// <param name="count">Drawings of each set.</param>
    /// <param name="size">Width and height of the drawings in pixels.</param>
    /// <param name="cancellationToken">Cancels the extraction.</param>
    public static RealFeatures Create(IFeatureExtractor features, int count, int size, CancellationToken cancellationToken)
    {
        return new RealFeatures(Extract(DrawingSet.Prompting), Extract(DrawingSet.Reference));

        Tensor Extract(ulong seed) => features.ExtractAll(
            new DrawingSet(seed, size).Take(count).Select(d => d.Image), cancellationToken: cancellationToken);
    }

    /// <summary>Features of the first set's drawings, reconstructed by the model's autoencoder.</summary>
    public static Tensor ReconstructedBy(
        IAutoencoder autoencoder, IFeatureExtractor features, int count, int size, CancellationToken cancellationToken) =>
        features.ExtractAll(
            new DrawingSet(DrawingSet.Prompting, size).Take(count).Select(d => Reconstructions.Create(autoencoder, d.Image)),
            cancellationToken: cancellationToken);

    public void Dispose()
    {
        First.Dispose();
        Reference.Dispose();
    }
}
