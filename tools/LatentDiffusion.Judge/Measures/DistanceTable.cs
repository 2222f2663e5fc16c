using System.Globalization;
using LatentDiffusion.Evaluation;
using static TorchSharp.torch;

namespace LatentDiffusion.Judge;

/// <summary>Distances of generated images from unseen drawings, with those of other unseen drawings for comparison.</summary>
internal static class DistanceTable
{
    private static readonly string[] s_head =
        ["set", "images", "Fréchet distance", "of the real ones'", "of which means", "kernel distance", "precision", "recall"];

    /// <summary>The table in Markdown.</summary>
    /// <param name="real">Two sets of real drawings.</param>
    /// <param name="reconstructed">The first of them, reconstructed by the model's autoencoder.</param>
    /// <param name="generated">The images generated for its captions.</param>
    public static string Create(RealFeatures real, Tensor reconstructed, Tensor generated) => Table.Markdown(
        s_head,
        [
            Row("unseen drawings", real, real.First),
            Row("the same, after the autoencoder", real, reconstructed),
            Row("generated images", real, generated),
        ]);

    private static string[] Row(string name, RealFeatures real, Tensor set)
    {
        double distance = FrechetDistance.Between(set, real.Reference), kernel = KernelDistance.Between(set, real.Reference).Mean;
        using Tensor apart = set.mean([0]) - real.Reference.mean([0]);
        using Tensor squares = apart.square();
        PrecisionRecall fractions = PrecisionRecall.Compute(set, real.Reference);
        return
        [
            name,
            $"{set.shape[0]}",
            Number($"{distance:F3}"),
            Number($"{distance / real.Distance:F1} x"),
            Number($"{squares.sum().item<double>():F3}"),
            Number($"{kernel:F4}"),
            Number($"{fractions.Precision:F2}"),
            Number($"{fractions.Recall:F2}"),
        ];
    }

    private static string Number(FormattableString number) => number.ToString(CultureInfo.InvariantCulture);
}
