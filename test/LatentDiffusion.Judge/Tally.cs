using System.Globalization;
using LatentDiffusion.Evaluation;
using LatentDiffusion.Models.Drawings;

namespace LatentDiffusion.Judge;

/// <summary>How often subject, colour, attribute and all three were right.</summary>
internal sealed class Tally
{
    private readonly int[] _right = new int[4], _of = new int[4];

    /// <summary>Counts one picture.</summary>
    /// <param name="asked">What was asked for. Where it leaves the colour open, colour is not counted and "all" is subject and attribute.</param>
    /// <param name="seen">What the judge saw.</param>
    public void Add(DrawingCombination asked, Verdict seen)
    {
        bool subject = asked.Subject == seen.Subject, attribute = asked.Attribute == seen.Attribute;
        bool? color = asked.Color.Length > 0 ? asked.Color == seen.Color : null;
        Count(0, subject);
        if (color is { } c) Count(1, c);
        Count(2, attribute);
        Count(3, subject && attribute && color != false);
    }

    /// <summary>A row of a Markdown table: each share in percent with its Wilson interval.</summary>
    public string Row(string name) => $"| {name} | {_of[0]} | {string.Join(" | ", Enumerable.Range(0, 4).Select(Cell))} |";

    public static string Header => "| | pictures | subject | colour | attribute | all |\n|---|---|---|---|---|---|";

    private void Count(int column, bool right)
    {
        _of[column]++;
        if (right) _right[column]++;
    }

    private string Cell(int column)
    {
        if (_of[column] == 0) return "-";
        Proportion share = Proportion.Of(_right[column], _of[column]);
        return string.Create(CultureInfo.InvariantCulture, $"{100 * share.Share:F1} % ({100 * share.Low:F1}-{100 * share.High:F1})");
    }
}
