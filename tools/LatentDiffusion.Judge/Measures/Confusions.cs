using LatentDiffusion.Models.Drawings;
using TorchSharp;

namespace LatentDiffusion.Judge;

/// <summary>The mistakes of the judge.</summary>
internal sealed class Confusions
{
    private const int Shown = 20;
    private static readonly string[] s_head = ["", "is", "taken for", "images"];

    private readonly Dictionary<(string Aspect, string Is, string Seen), int> _counts = [];

    /// <summary>Counts the mistakes in images whose captions name everything, except possibly the colour.</summary>
    public void Count(Classifier judge, IEnumerable<(ImageBuffer Image, string Caption)> drawings)
    {
        foreach ((ImageBuffer image, string caption) in drawings)
        {
            using torch.Tensor pixels = ImageTensor.FromImage(image);
            Classification seen = judge.Judge(pixels)[0];
            var asked = DrawingCombination.FromCaption(caption);
            Count(JudgeScorer.Subject, asked.Subject, seen.Subject.Best);
            // If the caption does not name a colour, any is right.
            if (asked.Color.Length > 0) Count(JudgeScorer.Color, asked.Color, seen.Color.Best);
            Count(JudgeScorer.Attribute, asked.Attribute, seen.Attribute.Best);
        }
    }

    /// <summary>The most frequent mistakes, in Markdown.</summary>
    public override string ToString() => Table.Markdown(
        s_head,
        _counts.OrderByDescending(c => c.Value).Take(Shown)
            .Select(c => new[] { c.Key.Aspect, Name(c.Key.Is), Name(c.Key.Seen), $"{c.Value}" }));

    private void Count(string aspect, string asked, string seen)
    {
        if (asked != seen) _counts[(aspect, asked, seen)] = _counts.GetValueOrDefault((aspect, asked, seen)) + 1;
    }

    private static string Name(string name) => name.Length == 0 ? "none" : name;
}
