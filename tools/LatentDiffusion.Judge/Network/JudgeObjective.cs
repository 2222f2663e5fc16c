using LatentDiffusion.Models.Drawings;
using static TorchSharp.torch;

namespace LatentDiffusion.Judge;

/// <summary>Cross-entropy of subject, colour and attribute over blurred drawings of both splits, drawn on the fly.</summary>
internal sealed class JudgeObjective(JudgeNetwork network, ulong seed, int size, int batchSize) : ITrainingObjective
{
    private const int HeldOutEvery = 4;

    private readonly DrawingSource _training = new(seed, size: size), _heldOut = new(seed, DrawingSplit.HeldOut, size);

    public IReadOnlyDictionary<string, nn.Module> Modules { get; } = new Dictionary<string, nn.Module> { ["judge"] = network };

    public Tensor Loss(TrainingStep step)
    {
        Drawing[] drawings = [.. Enumerable.Range(0, batchSize).AsParallel().AsOrdered().Select(i =>
            (i % HeldOutEvery == 0 ? _heldOut : _training).Draw(step.Index * batchSize + i))];
        JudgeNetwork.Logits logits = network.call(BlurAugmentation.Apply(Pixels(drawings), step.Generator));
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
