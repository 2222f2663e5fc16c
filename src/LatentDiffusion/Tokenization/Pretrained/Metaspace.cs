using System.Text.Json;

namespace LatentDiffusion.Tokenization;

/// <summary>
/// Writes spaces as a visible symbol and cuts before each (Kudo &amp; Richardson 2018, section 3.2). Depending on the tokenizer, the
/// symbol is also put before a piece, or only before the first of a text.
/// </summary>
internal sealed class Metaspace
{
    /// <summary>The usual symbol.</summary>
    public const char Symbol = '▁';

    private readonly string _symbol, _prepends;
    private readonly bool _splits;
    private readonly PatternSplitter _splitter;

    public Metaspace(JsonElement element)
    {
        _symbol = element.FindText("replacement") ?? Symbol.ToString();
        if (_symbol.Length == 0 || _symbol == " " || _symbol.EnumerateRunes().Count() != 1)
            throw new InvalidDataException($"it replaces spaces by '{MessageText.Truncate(_symbol, 100)}'; expected one character.");
        // Older files have a flag in place of the scheme.
        _prepends = element.FindText("prepend_scheme") ?? (element.Flag("add_prefix_space", true) ? "always" : "never");
        if (_prepends is not ("always" or "first" or "never"))
            throw new NotSupportedException($"its prepend_scheme '{MessageText.Truncate(_prepends, 100)}' is not supported.");
        _splits = element.Flag("split", true);
        _splitter = new PatternSplitter(Symbols, "MergedWithNext");
    }

    public IEnumerable<TextPiece> Split(TextPiece piece)
    {
        string text = piece.Text.Replace(" ", _symbol, StringComparison.Ordinal);
        bool prepends = _prepends == "always" || (_prepends == "first" && piece.IsStart);
        if (prepends && !text.StartsWith(_symbol, StringComparison.Ordinal)) text = _symbol + text;
        TextPiece written = piece with { Text = text };
        return _splits ? _splitter.Split(written) : [written];
    }

    private List<(int Start, int End)> Symbols(string text)
    {
        var found = new List<(int, int)>();
        for (int at = 0; (at = text.IndexOf(_symbol, at, StringComparison.Ordinal)) >= 0; at += _symbol.Length)
            found.Add((at, at + _symbol.Length));
        return found;
    }
}
