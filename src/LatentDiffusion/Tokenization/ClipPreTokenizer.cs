using System.Text;
using Microsoft.ML.Tokenizers;

namespace LatentDiffusion.Tokenization;

/// <summary>
/// Cuts normalised text into words as CLIP does: special tokens, English contractions, runs of letters, single digits,
/// and runs of anything else but white space. By hand and not by a regular expression, which in .NET sees half a
/// surrogate pair where a letter beyond the basic plane stands.
/// </summary>
internal sealed class ClipPreTokenizer(params string[] specialTokens) : PreTokenizer
{
    /// <summary>Merging the symbols of a word takes time that grows with the square of its length: a longer one is cut.</summary>
    private const int MaximumWordLength = 1024;

    private static readonly string[] s_contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];

    private enum Kind
    {
        Space,
        Letter,
        Digit,
        Other,
    }

    /// <inheritdoc/>
    public override IEnumerable<(int Offset, int Length)> PreTokenize(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int start = 0;
        int[] next = [.. specialTokens.Select(_ => -1)];
        while (start < text.Length)
        {
            (int special, int length) = NextSpecial(text, start, next);
            while (start < special)
            {
                int end = WordEnd(text.AsSpan(0, special), start, out bool isSpace);
                if (!isSpace) yield return (start, end - start);
                start = end;
            }

            if (length > 0) yield return (special, length);
            start = special + length;
        }
    }

    /// <inheritdoc/>
    public override IEnumerable<(int Offset, int Length)> PreTokenize(ReadOnlySpan<char> text) => PreTokenize(text.ToString());

    /// <param name="text">The text.</param>
    /// <param name="start">Where to begin.</param>
    /// <param name="next">Where each special token was found last, so that the text is searched once for each.</param>
    private (int Index, int Length) NextSpecial(string text, int start, int[] next)
    {
        (int Index, int Length) nearest = (text.Length, 0);
        foreach ((int i, string token) in specialTokens.Index())
        {
            if (next[i] < start) next[i] = text.IndexOf(token, start, StringComparison.Ordinal) is var index and >= 0 ? index : text.Length;
            if (next[i] < nearest.Index) nearest = (next[i], token.Length);
        }

        return nearest;
    }

    private static int WordEnd(ReadOnlySpan<char> text, int start, out bool isSpace)
    {
        isSpace = false;
        foreach (string contraction in s_contractions)
            if (text[start..].StartsWith(contraction, StringComparison.Ordinal)) return start + contraction.Length;

        Kind kind = KindAt(text, start, out int length);
        isSpace = kind == Kind.Space;
        int end = start + length;
        while (kind != Kind.Digit && end < text.Length && end - start < MaximumWordLength && KindAt(text, end, out length) == kind) end += length;
        return end;
    }

    private static Kind KindAt(ReadOnlySpan<char> text, int index, out int length)
    {
        // Half a surrogate pair gives U+FFFD here, which is neither letter, digit nor space.
        _ = Rune.DecodeFromUtf16(text[index..], out Rune rune, out length);
        return Rune.IsWhiteSpace(rune) ? Kind.Space
            : Rune.IsLetter(rune) ? Kind.Letter
            : Rune.IsNumber(rune) ? Kind.Digit
            : Kind.Other;
    }
}
