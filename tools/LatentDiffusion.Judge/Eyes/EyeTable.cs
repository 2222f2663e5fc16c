using System.Globalization;
using LatentDiffusion.Evaluation;

namespace LatentDiffusion.Judge;

/// <summary>How equal the two eyes are, in drawings and in generated images.</summary>
internal sealed class EyeTable
{
    private static readonly string[] s_head = ["set", "images", "pairs of eyes found", "mirror difference", "of the drawings'"];

    private readonly List<string[]> _rows = [];
    private Estimate? _drawings;

    /// <summary>Measures a set; the first one is that of the drawings, which the others are compared with.</summary>
    /// <exception cref="InvalidDataException">Fewer than two images have a pair of eyes.</exception>
    public void Add(string name, IEnumerable<ImageBuffer> images)
    {
        double?[] found = [.. images.AsParallel().AsOrdered().Select(image => EyePair.Find(image)?.MirrorDifference(image))];
        double[] differences = [.. found.OfType<double>()];
        if (differences.Length < 2)
            throw new InvalidDataException($"{differences.Length} of {found.Length} {name} have two eyes; expected at least 2.");
        var difference = Estimate.FromValues(differences);
        _drawings ??= difference;
        _rows.Add(
        [
            name,
            $"{found.Length}",
            Percent.Format(Proportion.FromCounts(differences.Length, found.Length)),
            Number($"{difference.Mean:F3} ({difference.Low:F3} to {difference.High:F3})"),
            Number($"{difference.Mean / _drawings.Mean:F2} x"),
        ]);
    }

    /// <summary>The table in Markdown.</summary>
    public override string ToString() => Table.Markdown(s_head, _rows);

    private static string Number(FormattableString number) => number.ToString(CultureInfo.InvariantCulture);
}
