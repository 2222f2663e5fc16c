using System.Text;
using System.Text.RegularExpressions;

namespace LatentDiffusion.Prompting;

/// <summary>Reads the brackets of a prompt; the rules are <see cref="PromptSchedule"/>'s.</summary>
/// <param name="prompt">The prompt.</param>
/// <param name="options">Which brackets are read.</param>
internal sealed partial class PromptSyntaxParser(string prompt, PromptSyntaxOptions options)
{
    private const int None = -1;

    private readonly int[] _closing = Match(prompt);
    private readonly Dictionary<int, Group> _groups = [];

    private enum Kind
    {
        /// <summary>Fits no notation; a bracket around it does not fit either.</summary>
        Misfit,

        /// <summary>A weight, which the text encoder reads.</summary>
        Text,

        Edited,
        Alternating,
    }

    public IReadOnlyList<PromptSpan> Parse() => Parse(0, prompt.Length);

    private List<PromptSpan> Parse(int start, int end)
    {
        var spans = new List<PromptSpan>();
        var text = new StringBuilder();
        for (int i = start; i < end; i++)
        {
            if (_closing[i] == None || GroupAt(i) is not { Kind: Kind.Edited or Kind.Alternating } group)
            {
                // An escape is one piece.
                int length = prompt[i] == '\\' && i + 1 < end ? 2 : 1;
                text.Append(prompt, i, length);
                i += length - 1;
                continue;
            }

            if (text.Length > 0) spans.Add(new PromptSpan.Constant(text.ToString()));
            text.Clear();
            List<PromptSpan>[] parts = [.. group.Parts.Select(part => Parse(part.Start.Value, part.End.Value))];
            spans.Add(group.Kind == Kind.Alternating
                ? new PromptSpan.Alternating(parts)
                : new PromptSpan.Edited(parts.Length == 3 ? parts[0] : [], parts[^2], prompt[group.Parts[^1]]));
            i = _closing[i];
        }

        if (text.Length > 0) spans.Add(new PromptSpan.Constant(text.ToString()));
        return spans;
    }

    private Group GroupAt(int open)
    {
        if (_groups.TryGetValue(open, out Group? known)) return known;
        var colons = new List<int>();
        var bars = new List<int>();
        bool fits = true;
        for (int i = open + 1; i < _closing[open]; i++)
        {
            if (prompt[i] == '\\') i++;
            else if (_closing[i] != None)
            {
                fits &= GroupAt(i).Kind != Kind.Misfit;
                i = _closing[i];
            }
            else if (prompt[i] == ':') colons.Add(i);
            else if (prompt[i] == '|') bars.Add(i);
        }

        return _groups[open] = fits ? Classify(open, colons, bars) : new Group(Kind.Misfit, []);
    }

    private Group Classify(int open, List<int> colons, List<int> bars)
    {
        if (prompt[open] == '(') return new Group(colons.Count <= 1 ? Kind.Text : Kind.Misfit, []);
        int close = _closing[open];
        if (options.Editing && colons.Count is 1 or 2 && Number.IsMatch(prompt.AsSpan(colons[^1] + 1, close - colons[^1] - 1)))
            return new Group(Kind.Edited, Split(colons));
        if (colons.Count > 0) return new Group(Kind.Misfit, []);
        return bars.Count > 0 && options.Alternation ? new Group(Kind.Alternating, Split(bars)) : new Group(Kind.Text, []);

        Range[] Split(List<int> at)
        {
            int[] borders = [open, .. at, close];
            return [.. borders.Zip(borders.Skip(1), (one, next) => (one + 1)..next)];
        }
    }

    /// <summary>The place of the bracket that closes the one at each place; -1 where there is none, or one within is not closed.</summary>
    private static int[] Match(string prompt)
    {
        // Deeper ones are text: what reads them would have to recurse as deep.
        const int MaximumDepth = 64;
        int[] closing = new int[prompt.Length];
        Array.Fill(closing, None);
        var open = new Stack<int>();
        for (int i = 0; i < prompt.Length; i++)
        {
            switch (prompt[i])
            {
                case '\\':
                    i++;
                    break;
                case '(' or '[' when open.Count < MaximumDepth:
                    open.Push(i);
                    break;
                case ')' or ']' when open.TryPeek(out int last) && prompt[last] == (prompt[i] == ')' ? '(' : '['):
                    closing[open.Pop()] = i;
                    break;
                case '(' or ')' or '[' or ']':
                    open.Clear();
                    break;
            }
        }

        return closing;
    }

    [GeneratedRegex(@"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$")]
    private static partial Regex Number { get; }

    /// <param name="Kind">What the brackets mean.</param>
    /// <param name="Parts">Between brackets and separators, where they mean something.</param>
    private sealed record Group(Kind Kind, Range[] Parts);
}
