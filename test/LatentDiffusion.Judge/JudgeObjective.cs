using LatentDiffusion.Models.Drawings;
using static TorchSharp.torch;

namespace LatentDiffusion.Judge;

/// <summary>
/// Cross-entropy of subject, colour and attribute over drawings of both splits, made on the fly. Noise and blur keep the
/// judge from reading anything but what is drawn: what an autoencoder decodes is never as sharp as a drawing.
/// </summary>
internal sealed class JudgeObjective(JudgeNetwork network, ulong seed, int batchSize) : ITrainingObjective
{
    private const double BlurShare = 0.5, LargestNoise = 0.1;

    private readonly DrawingSource _training = new(seed), _heldOut = new(seed, DrawingSplit.HeldOut);

    public IReadOnlyDictionary<string, nn.Module> Modules { get; } = new Dictionary<string, nn.Module> { ["judge"] = network };

    public Tensor Loss(TrainingStep step)
    {
        Drawing[] drawings = [.. Enumerable.Range(0, batchSize).AsParallel().AsOrdered().Select(i =>
            (i % 4 == 0 ? _heldOut : _training).Draw(step.Index * batchSize + i))];
        Tensor pixels = Pixels(drawings);
        Tensor blurred = rand([batchSize, 1, 1, 1], generator: step.Generator).less(BlurShare);
        pixels = where(blurred, nn.functional.avg_pool2d(pixels, 3, stride: 1, padding: 1, count_include_pad: false), pixels);
        pixels = pixels + LargestNoise * rand([batchSize, 1, 1, 1], generator: step.Generator) * randn(pixels.shape, generator: step.Generator);

        JudgeNetwork.Logits logits = network.call(pixels);
        return nn.functional.cross_entropy(logits.Subject, Classes(drawings, DrawingCatalog.Subjects, d => d.Combination.Subject))
            + nn.functional.cross_entropy(logits.Color, Classes(drawings, DrawingCatalog.Colors, d => d.PaintedColor))
            + nn.functional.cross_entropy(logits.Attribute, Classes(drawings, DrawingCatalog.Attributes, d => d.Combination.Attribute));
    }

    internal static Tensor Pixels(IEnumerable<Drawing> drawings) =>
        ImageTensor.FromImages([.. drawings.Select(d => new ImageBuffer(d.Size, d.Size, d.Rgb.Span))]);

    private static Tensor Classes(Drawing[] drawings, IReadOnlyList<string> names, Func<Drawing, string> name)
    {
        string[] order = [.. names];
        return tensor(drawings.Select(d => (long)Array.IndexOf(order, name(d))).ToArray());
    }
}
