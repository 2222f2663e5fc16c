namespace LatentDiffusion.Tokenization;

/// <summary>Cuts texts at what a pattern matches.</summary>
/// <param name="find">Where it matches, in order.</param>
/// <param name="behavior">What becomes of a match, by its published name.</param>
/// <param name="inverts">Whether matches are what is between the matches.</param>
internal sealed class PatternSplitter(Func<string, List<(int Start, int End)>> find, string behavior, bool inverts = false)
{
    private static readonly string[] s_known = ["Isolated", "Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous"];

    private readonly string _behavior = s_known.Contains(behavior)
        ? behavior
        : throw new NotSupportedException($"its behavior '{MessageText.Truncate(behavior, 100)}' is not supported.");

    public IEnumerable<TextPiece> Split(TextPiece piece) =>
        from part in Parts(piece.Text)
        where part.End > part.Start
        select new TextPiece(piece.Text[part.Start..part.End], piece.IsStart && part.Start == 0);

    private IEnumerable<(int Start, int End)> Parts(string text)
    {
        List<(int Start, int End, bool IsMatch)> spans = Spans(text);
        switch (_behavior)
        {
            case "Removed":
                return spans.Where(span => !span.IsMatch).Select(span => (span.Start, span.End));
            case "Isolated":
                return spans.Select(span => (span.Start, span.End));
            case "Contiguous":
                return Join(spans, (previous, next) => previous.IsMatch == next.IsMatch);
            case "MergedWithPrevious":
                return Join(spans, (previous, next) => next.IsMatch && !previous.IsMatch);
            default:
                return Join(spans, (previous, next) => previous.IsMatch && !next.IsMatch);
        }
    }

    /// <summary>Joins a span with the one before it.</summary>
    private static List<(int Start, int End)> Join(
        List<(int Start, int End, bool IsMatch)> spans,
        Func<(int Start, int End, bool IsMatch), (int Start, int End, bool IsMatch), bool> belong)
    {
        var joined = new List<(int Start, int End)>();
        for (int i = 0; i < spans.Count; i++)
        {
            if (i > 0 && belong(spans[i - 1], spans[i])) joined[^1] = (joined[^1].Start, spans[i].End);
            else joined.Add((spans[i].Start, spans[i].End));
        }

        return joined;
    }

    private List<(int Start, int End, bool IsMatch)> Spans(string text)
    {
        var spans = new List<(int, int, bool)>();
        int done = 0;
        foreach ((int start, int end) in find(text))
        {
            if (start > done) spans.Add((done, start, inverts));
            spans.Add((start, end, !inverts));
            done = end;
        }

        if (done < text.Length) spans.Add((done, text.Length, inverts));
        return spans;
    }
}
