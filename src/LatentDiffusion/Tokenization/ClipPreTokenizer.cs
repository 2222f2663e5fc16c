using System.Text;
using Microsoft.ML.Tokenizers;

namespace LatentDiffusion.Tokenization;

/// <summary>
/// Splits normalized text into words like CLIP: special tokens, English contractions, runs of letters, single digits, and runs of
/// anything else except white space. It does not use regular expressions, because in .NET they see surrogate halves instead of
/// letters beyond the basic plane.
/// </summary>
internal sealed class ClipPreTokenizer(params string[] specialTokens) : PreTokenizer
{
    /// <summary>Maximum word length. Merging takes time quadratic in the length, so longer words are split.</summary>
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
    /// <param name="start">Start of the search.</param>
    /// <param name="next">Last position found for each special token, so that the text is searched once for each.</param>
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
        while (kind != Kind.Digit
            && end < text.Length
            && end - start < MaximumWordLength
            && KindAt(text, end, out length) == kind)
        {
            end += length;
        }

        return end;
    }

    private static Kind KindAt(ReadOnlySpan<char> text, int index, out int length)
    {
        // A surrogate half decodes to U+FFFD, which is neither letter, digit nor space.
        _ = Rune.DecodeFromUtf16(text[index..], out Rune rune, out length);
        return Rune.IsWhiteSpace(rune) ? Kind.Space
            : Rune.IsLetter(rune) ? Kind.Letter
            : Rune.IsNumber(rune) ? Kind.Digit
            : Kind.Other;
    }
}
