using LatentDiffusion.Models.Drawings;

namespace LatentDiffusion.Judge;

/// <summary>Drawings of a seed, with captions that say the colour they are painted in. The seeds named here trained no model, and not the judge.</summary>
/// <param name="seed">Sets of different seeds have no drawing in common.</param>
/// <param name="split">Which combinations they show.</param>
internal sealed class DrawingSet(ulong seed, DrawingSplit split = DrawingSplit.Training)
{
    /// <summary>Those the judge itself is tested on.</summary>
    public const ulong JudgesTest = Classifier.Seed + 1;

    /// <summary>Those whose captions are the prompts of generated sets, and which stand in their place where real sets are compared.</summary>
    public const ulong Prompting = Classifier.Seed + 2;

    /// <summary>Those that sets are measured against.</summary>
    public const ulong Reference = Classifier.Seed + 3;

    private const int Block = 64;

    private readonly DrawingSource _source = new(seed, split);

    /// <summary>The first so many, drawn a block at a time on all cores.</summary>
    public IEnumerable<(ImageBuffer Image, string Caption)> Take(int count)
    {
        for (int start = 0; start < count; start += Block)
        {
            foreach (Drawing drawing in Enumerable.Range(start, Math.Min(Block, count - start)).AsParallel().AsOrdered().Select(i => _source.Draw(i)).ToArray())
                yield return (new ImageBuffer(drawing.Size, drawing.Size, drawing.Rgb.Span), CaptionOf(drawing));
        }
    }

    /// <summary>One of them.</summary>
    public ImageBuffer Read(int index)
    {
        Drawing drawing = _source.Draw(index);
        return new ImageBuffer(drawing.Size, drawing.Size, drawing.Rgb.Span);
    }

    /// <summary>Captions as they stand in training: some leave the colour open.</summary>
    public IReadOnlyList<string> Captions(int count) => [.. Enumerable.Range(0, count).AsParallel().AsOrdered().Select(i => _source.Draw(i).Caption)];

    private static string CaptionOf(Drawing drawing) => (drawing.Combination with { Color = drawing.PaintedColor }).Caption(DrawingTemplate.Plain);
}
