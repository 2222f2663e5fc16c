using System.Globalization;
using LatentDiffusion;
using LatentDiffusion.Data;
using LatentDiffusion.Evaluation;
using static TorchSharp.torch;

namespace Lab;

/// <summary>Measures the images of methods against drawings with the same captions.</summary>
internal sealed class QualityTable
{
    private readonly IReadOnlyList<MethodResult> _results;
    private readonly Measured[] _measured;
    private readonly Measured _real;
    private readonly int _count;

    /// <param name="lab">The experiment.</param>
    /// <param name="scorer">Judges whether images show their captions.</param>
    /// <param name="results">Images of the methods, each of the captions of the drawings.</param>
    /// <param name="drawings">A drawing for each image.</param>
    /// <param name="others">As many drawings, to show the distance of two sets of drawings.</param>
    public QualityTable(
        LabContext lab, IPromptScorer scorer, IReadOnlyList<MethodResult> results, IReadOnlyList<CaptionedImage> drawings,
        IReadOnlyList<CaptionedImage> others)
    {
        using var features = new RandomConvolutionFeatures();
        (_results, _count) = (results, drawings.Count);
        using Tensor reference = features.ExtractAll(drawings.Select(d => d.Image), cancellationToken: lab.Cancellation);
        string[] captions = [.. drawings.Select(d => d.Caption)];
        _measured = [.. results.Select(r => Measure(r.Images, captions))];
        _real = Measure([.. others.Select(d => d.Image)], [.. others.Select(d => d.Caption)]);
        Explanation = string.Create(CultureInfo.InvariantCulture, $"""
            <p>Right: the subject, colour and attribute of {Html.Text(scorer.Name)} are those of the caption, with 95 % intervals. The
            row of real drawings shows how often this simple judge is right. The distances compare the images with {_count} drawings of
            the same captions, by features of an untrained network: the kernel distance is unbiased, the Fréchet distance too high for
            few images. Compare both with the row of real drawings.</p>

            """);

        Measured Measure(IReadOnlyList<ImageBuffer> images, IReadOnlyList<string> texts)
        {
            using Tensor own = features.ExtractAll(images, cancellationToken: lab.Cancellation);
            return new Measured(
                PromptAdherence.Measure(scorer, images.Zip(texts), cancellationToken: lab.Cancellation),
                KernelDistance.Between(own, reference).Mean, FrechetDistance.Between(own, reference));
        }
    }

    /// <summary>What the columns mean.</summary>
    public string Explanation { get; }

    /// <summary>Kernel distance of a method's images to the drawings.</summary>
    public double Kernel(int result) => _measured[result].Kernel;

    /// <summary>Fraction of a method's images with the right subject.</summary>
    public Proportion Subject(int result) => _measured[result].Adherence.Aspects.Single(a => a.Aspect == "subject").Right;

    /// <summary>The table; speeds are relative to the first method.</summary>
    public string Write() => Html.Table(
        ["method", "steps", "guidance", "seconds an image", "speed", "right subject", "right colour", "right attribute", "kernel distance",
            "Fréchet distance"],
        [
            .. _results.Zip(_measured, (result, measured) => (string[])
            [
                Html.Text(result.Method.Name), $"{result.Method.StepCount}",
                result.Method.GuidanceScale == 1 ? "none" : Html.Number(result.Method.GuidanceScale), Html.Number(result.Seconds),
                Ratio(_results[0].Seconds / result.Seconds), .. Quality(measured),
            ]),
            ["real drawings", "", "", "", "", .. Quality(_real)],
        ]);

    private static string Ratio(double ratio) => $"{ratio.ToString(ratio < 10 ? "F1" : "F0", CultureInfo.InvariantCulture)} ×";

    private static string[] Quality(Measured measured) =>
    [
        Right(measured, "subject"), Right(measured, "colour"), Right(measured, "attribute"), Html.Number(measured.Kernel),
        Html.Number(measured.Frechet),
    ];

    private static string Right(Measured measured, string aspect) =>
        measured.Adherence.Aspects.FirstOrDefault(a => a.Aspect == aspect)?.Right is { } right
            ? string.Create(CultureInfo.InvariantCulture, $"{100 * right.Fraction:F0} % ({100 * right.Low:F0} to {100 * right.High:F0})")
            : "–";

    private sealed record Measured(PromptAdherence Adherence, double Kernel, double Frechet);
}
