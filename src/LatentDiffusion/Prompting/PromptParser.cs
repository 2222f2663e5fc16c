using System.Globalization;
using System.Text.RegularExpressions;

namespace LatentDiffusion.Prompting;

/// <summary>Reads one prompt; the rules are <see cref="WeightedPrompt"/>'s.</summary>
internal sealed partial class PromptParser
{
    private const double RoundWeight = 1.1, SquareWeight = 1 / 1.1;

    /// <summary>Every bracket weighs all that it holds, so that the work would grow with the square of a prompt of brackets.</summary>
    private const int MaximumDepth = 64;

    private readonly List<PromptFragment> _pieces = [];

    // Where in the pieces each bracket opened.
    private readonly Stack<int> _round = [], _square = [];

    public WeightedPrompt Parse(string prompt)
    {
        foreach (Match match in Pieces.Matches(prompt)) Take(match.Value, match.Groups[1]);
        while (_round.Count > 0) Weigh(_round, RoundWeight);
        while (_square.Count > 0) Weigh(_square, SquareWeight);
        return new WeightedPrompt(Merged());
    }

    private void Take(string piece, Group weight)
    {
        if (piece[0] == '\\') Add(piece[1..]);
        else if (piece is "(" or "[" && _round.Count + _square.Count == MaximumDepth) Add(piece);
        else if (piece == "(") _round.Push(_pieces.Count);
        else if (piece == "[") _square.Push(_pieces.Count);
        else if (piece == ")" && _round.Count > 0) Weigh(_round, RoundWeight);
        else if (piece == "]" && _square.Count > 0) Weigh(_square, SquareWeight);
        else if (weight.Success
            && _round.Count > 0
            && double.TryParse(weight.ValueSpan, NumberStyles.Float, CultureInfo.InvariantCulture, out double given))
            Weigh(_round, Bounded(given));
        else AddWithBreaks(piece);
    }

    private void AddWithBreaks(string text)
    {
        string[] parts = Breaks.Split(text);
        for (int i = 0; i < parts.Length; i++)
        {
            if (i > 0) _pieces.Add(PromptFragment.Break);
            // The white space around a break goes with it.
            string part = i > 0 ? parts[i].TrimStart() : parts[i];
            Add(i < parts.Length - 1 ? part.TrimEnd() : part);
        }
    }

    private void Add(string text)
    {
        if (text.Length > 0) _pieces.Add(new PromptFragment(text));
    }

    private void Weigh(Stack<int> brackets, double weight)
    {
        for (int i = brackets.Pop(); i < _pieces.Count; i++)
            if (!_pieces[i].IsBreak) _pieces[i] = _pieces[i] with { Weight = Bounded(_pieces[i].Weight * weight) };
    }

    private static double Bounded(double weight) => Math.Clamp(weight, -WeightedPrompt.MaximumWeight, WeightedPrompt.MaximumWeight);

    /// <summary>The pieces with neighbours of one weight joined.</summary>
    private List<PromptFragment> Merged()
    {
        var merged = new List<PromptFragment>(_pieces.Count);
        for (int i = 0; i < _pieces.Count;)
        {
            PromptFragment first = _pieces[i];
            int end = i + 1;
            while (!first.IsBreak && end < _pieces.Count && !_pieces[end].IsBreak && _pieces[end].Weight == first.Weight) end++;
            merged.Add(end == i + 1 ? first : first with { Text = string.Concat(_pieces.GetRange(i, end - i).Select(p => p.Text)) });
            i = end;
        }

        return merged;
    }

    // An escape, a bracket, the end of a weighted group, text up to the next of these, or a lone colon.
    [GeneratedRegex(@"\\[()\[\]\\]|\\|\(|\[|:\s*([+-]?[.0-9]+)\s*\)|\)|\]|[^\\()\[\]:]+|:")]
    private static partial Regex Pieces { get; }

    [GeneratedRegex(@"\bBREAK\b")]
    private static partial Regex Breaks { get; }
}
