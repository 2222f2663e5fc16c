using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace LatentDiffusion.Tokenization;

/// <summary>
/// A regular expression over characters. .NET's expressions see the two halves of characters beyond the basic plane, so each such
/// character is matched as one of the basic plane of the same category.
/// </summary>
internal sealed class UnicodePattern
{
    /// <summary>
    /// Expressions of a file may take exponential time. The most for one match, and for all of a text: much longer than a thread
    /// waits for a busy processor.
    /// </summary>
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(5), s_total = TimeSpan.FromSeconds(10);

    private readonly Regex _regex;

    /// <exception cref="InvalidDataException">It is not a regular expression that .NET reads.</exception>
    public UnicodePattern(string pattern)
    {
        try
        {
            _regex = new Regex(pattern, RegexOptions.CultureInvariant, s_timeout);
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException($"its pattern '{MessageText.Truncate(pattern, 200)}' cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Where the pattern matches, in order. Matches of nothing are left out.</summary>
    /// <exception cref="InvalidDataException">The pattern takes too long.</exception>
    public List<(int Start, int End)> Matches(string text)
    {
        (string basic, int[]? positions) = ToBasicPlane(text);
        try
        {
            var matches = new List<(int, int)>();
            long begun = Stopwatch.GetTimestamp();
            for (Match match = _regex.Match(basic); match.Success; match = match.NextMatch())
            {
                if (Stopwatch.GetElapsedTime(begun) > s_total) throw TooSlow(null);
                if (match.Length == 0) continue;
                int start = match.Index, end = start + match.Length;
                matches.Add(positions is null ? (start, end) : (positions[start], positions[end]));
            }

            return matches;
        }
        catch (RegexMatchTimeoutException e)
        {
            throw TooSlow(e);
        }
    }

    /// <summary>The text with every match replaced.</summary>
    public string Replace(string text, string content)
    {
        var result = new StringBuilder(text.Length);
        int done = 0;
        foreach ((int start, int end) in Matches(text))
        {
            result.Append(text, done, start - done).Append(content);
            done = end;
        }

        return done == 0 ? text : result.Append(text, done, text.Length - done).ToString();
    }

    /// <returns>One UTF-16 unit a character, and the position of each in the text, and its end; null where they are the same.</returns>
    private static (string Basic, int[]? Positions) ToBasicPlane(string text)
    {
        if (!text.Any(char.IsSurrogate)) return (text, null);
        var basic = new StringBuilder(text.Length);
        var positions = new List<int>(text.Length);
        int position = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            basic.Append(rune.IsBmp ? (char)rune.Value : OfCategory(Rune.GetUnicodeCategory(rune)));
            positions.Add(position);
            position += rune.Utf16SequenceLength;
        }

        return (basic.ToString(), [.. positions, position]);
    }

    private InvalidDataException TooSlow(Exception? inner) =>
        new($"Its pattern '{MessageText.Truncate(_regex.ToString(), 200)}' takes too long.", inner);

    private static char OfCategory(UnicodeCategory category) => category switch
    {
        UnicodeCategory.UppercaseLetter => '\u0531',
        UnicodeCategory.LowercaseLetter => '\u0561',
        UnicodeCategory.TitlecaseLetter => '\u01C5',
        UnicodeCategory.ModifierLetter => '\u02B0',
        UnicodeCategory.OtherLetter => '\u05D0',
        UnicodeCategory.NonSpacingMark => '\u0300',
        UnicodeCategory.SpacingCombiningMark => '\u0903',
        UnicodeCategory.EnclosingMark => '\u0488',
        UnicodeCategory.DecimalDigitNumber => '\u0660',
        UnicodeCategory.LetterNumber => '\u16EE',
        UnicodeCategory.OtherNumber => '\u2460',
        UnicodeCategory.ConnectorPunctuation => '\u203F',
        UnicodeCategory.DashPunctuation => '\u2010',
        UnicodeCategory.OpenPunctuation => '\u2045',
        UnicodeCategory.ClosePunctuation => '\u2046',
        UnicodeCategory.InitialQuotePunctuation => '\u00AB',
        UnicodeCategory.FinalQuotePunctuation => '\u00BB',
        UnicodeCategory.OtherPunctuation => '\u2020',
        UnicodeCategory.MathSymbol => '\u2200',
        UnicodeCategory.CurrencySymbol => '\u20A0',
        UnicodeCategory.ModifierSymbol => '\u02C2',
        UnicodeCategory.Format => '\u2060',
        UnicodeCategory.PrivateUse => '\uE000',
        UnicodeCategory.OtherNotAssigned => '\u0378',
        // The only other category beyond the basic plane: other symbols.
        _ => '\u2300',
    };
}
