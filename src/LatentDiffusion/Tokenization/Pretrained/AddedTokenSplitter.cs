using System.Text;

namespace LatentDiffusion.Tokenization;

/// <summary>Finds added tokens in a text: the leftmost first, and of several at one place the longest.</summary>
internal sealed class AddedTokenSplitter
{
    private readonly Dictionary<char, AddedToken[]> _byFirst;

    /// <param name="tokens">The tokens; those without text are never found.</param>
    public AddedTokenSplitter(IEnumerable<AddedToken> tokens) =>
        _byFirst = tokens.Where(token => token.Content.Length > 0).GroupBy(token => token.Content[0])
            .ToDictionary(group => group.Key, group => group.OrderByDescending(token => token.Content.Length).ToArray());

    /// <summary>The tokens and the texts between them, in order. A text is not empty.</summary>
    public IEnumerable<(string Text, AddedToken? Token)> Split(string text)
    {
        int done = 0;
        for (int at = 0; at < text.Length; at++)
        {
            if (Find(text, at) is not { } token) continue;
            int start = at, end = at + token.Content.Length;
            if (token.StripsLeft) while (start > done && char.IsWhiteSpace(text[start - 1])) start--;
            if (token.StripsRight) while (end < text.Length && char.IsWhiteSpace(text[end])) end++;
            if (start > done) yield return (text[done..start], null);
            yield return (text[start..end], token);
            done = end;
            at = end - 1;
        }

        if (done < text.Length) yield return (text[done..], null);
    }

    private AddedToken? Find(string text, int at)
    {
        if (!_byFirst.TryGetValue(text[at], out AddedToken[]? candidates)) return null;
        foreach (AddedToken token in candidates)
        {
            if (string.CompareOrdinal(text, at, token.Content, 0, token.Content.Length) != 0) continue;
            return token.SingleWord && !StandsApart(text, at, at + token.Content.Length) ? null : token;
        }

        return null;
    }

    private static bool StandsApart(string text, int start, int end)
    {
        _ = Rune.DecodeLastFromUtf16(text.AsSpan(0, start), out Rune before, out _);
        _ = Rune.DecodeFromUtf16(text.AsSpan(end), out Rune after, out _);
        return !(start > 0 && IsWord(before)) && !(end < text.Length && IsWord(after));
    }

    private static bool IsWord(Rune rune) => Rune.IsLetterOrDigit(rune) || rune.Value == '_';
}
