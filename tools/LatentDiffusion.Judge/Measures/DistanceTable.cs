using System.Globalization;
using LatentDiffusion.Evaluation;
using static TorchSharp.torch;

namespace LatentDiffusion.Judge;

/// <summary>How far generated pictures are from unseen drawings, beside how far other unseen drawings are.</summary>
internal static class DistanceTable
{
    private static readonly string[] s_head = ["set", "pictures", "Fréchet distance", "of the real ones'", "of which means", "kernel distance", "precision", "recall"];

    /// <summary>The table in Markdown.</summary>
    /// <param name="real">Two sets of real drawings.</param>
    /// <param name="givenBack">The first of them as the model's autoencoder gives it back.</param>
    /// <param name="generated">What was generated in its place.</param>
    public static string Of(RealFeatures real, Tensor givenBack, Tensor generated) => Table.Markdown(
        s_head,
        [Row("unseen drawings", real, real.First), Row("the same, after the autoencoder", real, givenBack), Row("generated pictures", real, generated)]);

    private static string[] Row(string name, RealFeatures real, Tensor set)
    {
        double distance = FrechetDistance.Between(set, real.Reference), kernel = KernelDistance.Between(set, real.Reference).Mean;
        using Tensor apart = set.mean([0]) - real.Reference.mean([0]);
        using Tensor squares = apart.square();
        PrecisionRecall shares = PrecisionRecall.Of(set, real.Reference);
        return
        [
            name, $"{set.shape[0]}", Number($"{distance:F3}"), Number($"{distance / real.Distance:F1} x"), Number($"{squares.sum().item<double>():F3}"), Number($"{kernel:F4}"),
            Number($"{shares.Precision:F2}"), Number($"{shares.Recall:F2}"),
        ];
    }

    private static string Number(FormattableString number) => number.ToString(CultureInfo.InvariantCulture);
}
