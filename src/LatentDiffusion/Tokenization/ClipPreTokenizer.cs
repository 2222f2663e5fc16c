using System.Text;
using Microsoft.ML.Tokenizers;

namespace LatentDiffusion;

/// <summary>
/// Cuts normalised text into words as CLIP does: special tokens, English contractions, runs of letters, single digits,
/// and runs of anything else but white space. By hand and not by a regular expression, which in .NET sees half a
/// surrogate pair where a letter beyond the basic plane stands.
/// </summary>
internal sealed class ClipPreTokenizer(params string[] specialTokens) : PreTokenizer
{
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
        while (start < text.Length)
        {
            (int special, int length) = NextSpecial(text, start);
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

    private (int Index, int Length) NextSpecial(string text, int start)
    {
        (int Index, int Length) nearest = (text.Length, 0);
        foreach (string token in specialTokens)
        {
            int index = text.IndexOf(token, start, StringComparison.Ordinal);
            if (index >= 0 && index < nearest.Index) nearest = (index, token.Length);
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
        while (kind != Kind.Digit && end < text.Length && KindAt(text, end, out length) == kind) end += length;
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
