using LatentDiffusion.Models.Drawings;

namespace LatentDiffusion.Judge;

/// <summary>
/// Drawings of a seed, with captions that name the painted colour. No model, nor the judge, was trained on the seeds below.
/// </summary>
/// <param name="seed">Sets of different seeds do not share drawings.</param>
/// <param name="size">Width and height in pixels, at least <see cref="SmallestSize"/>.</param>
/// <param name="split">Which combinations are drawn.</param>
internal sealed class DrawingSet(ulong seed, int size, DrawingSplit split = DrawingSplit.Training)
{
    /// <summary>Seed of the test set of the judge.</summary>
    public const ulong JudgesTest = Classifier.Seed + 1;

    /// <summary>
    /// Seed of the set whose captions are the prompts of generated sets, and which replaces them in comparisons of real sets.
    /// </summary>
    public const ulong Prompting = Classifier.Seed + 2;

    /// <summary>Seed of the set that distances are measured to.</summary>
    public const ulong Reference = Classifier.Seed + 3;

    /// <summary>The size of the drawings where only their captions matter.</summary>
    public const int SmallestSize = 16;

    private const int Block = 64;

    private readonly DrawingSource _source = new(seed, split, size);

    /// <summary>The first drawings, a block at a time on all cores.</summary>
    public IEnumerable<(ImageBuffer Image, string Caption)> Take(int count)
    {
        for (int start = 0; start < count; start += Block)
        {
            IEnumerable<int> block = Enumerable.Range(start, Math.Min(Block, count - start));
            foreach (Drawing drawing in block.AsParallel().AsOrdered().Select(i => _source.Draw(i)).ToArray())
                yield return (new ImageBuffer(drawing.Size, drawing.Size, drawing.Rgb.Span), CaptionOf(drawing));
        }
    }

    /// <summary>One drawing.</summary>
    public ImageBuffer Read(int index)
    {
        Drawing drawing = _source.Draw(index);
        return new ImageBuffer(drawing.Size, drawing.Size, drawing.Rgb.Span);
    }

    /// <summary>Captions as in training: some do not name the colour.</summary>
    public IReadOnlyList<string> Captions(int count) =>
        [.. Enumerable.Range(0, count).AsParallel().AsOrdered().Select(i => _source.Draw(i).Caption)];

    private static string CaptionOf(Drawing drawing) =>
        (drawing.Combination with { Color = drawing.PaintedColor }).Caption(DrawingTemplate.Plain);
}
