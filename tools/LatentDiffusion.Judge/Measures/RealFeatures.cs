using LatentDiffusion.Evaluation;
using static TorchSharp.torch;

namespace LatentDiffusion.Judge;

/// <summary>
/// Features of two sets of unseen drawings that have none in common. Generated sets take the place of the first, with its
/// captions as their prompts, so that the distance between the two is what a perfect model would have.
/// </summary>
internal sealed class RealFeatures : IDisposable
{
    private RealFeatures(Tensor first, Tensor reference) =>
        (First, Reference, Distance, Kernel) = (first, reference, FrechetDistance.Between(first, reference), KernelDistance.Between(first, reference).Mean);

    /// <summary>float64 [pictures, width], of the set whose place generated pictures take.</summary>
    public Tensor First { get; }

    /// <summary>float64 [pictures, width], of the set that is measured against.</summary>
    public Tensor Reference { get; }

    /// <summary>The Fréchet distance of the two.</summary>
    public double Distance { get; }

    /// <summary>Their kernel distance, unbiased: about 0.</summary>
    public double Kernel { get; }

    /// <summary>What the generated pictures are asked to show.</summary>
    public static PictureOrder[] Orders(int pictures) =>
        [.. new DrawingSet(DrawingSet.Prompting).Captions(pictures).Select((caption, i) => new PictureOrder(caption, (ulong)i))];

    /// <summary>Draws both and extracts their features.</summary>
    public static RealFeatures Of(IFeatureExtractor features, int pictures, CancellationToken cancellationToken)
    {
        return new RealFeatures(Extract(DrawingSet.Prompting), Extract(DrawingSet.Reference));

        Tensor Extract(ulong seed) => features.ExtractAll(new DrawingSet(seed).Take(pictures).Select(d => d.Image), cancellationToken: cancellationToken);
    }

    /// <summary>Features of the first set's drawings as the model's autoencoder gives them back.</summary>
    public static Tensor GivenBackBy(IAutoencoder autoencoder, IFeatureExtractor features, int pictures, CancellationToken cancellationToken) => features.ExtractAll(
        new DrawingSet(DrawingSet.Prompting).Take(pictures).Select(d => Reconstructions.Of(autoencoder, d.Image)), cancellationToken: cancellationToken);

    public void Dispose()
    {
        First.Dispose();
        Reference.Dispose();
    }
}
