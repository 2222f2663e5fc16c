using System.Globalization;

namespace LatentDiffusion.Diagnostics;

/// <summary>Bounds messages, so that text from a file or a request cannot make one as long as itself.</summary>
internal static class MessageText
{
    /// <summary>Longest message of an exception or log line, in characters.</summary>
    public const int MaximumLength = 1000;

    /// <summary>Marks where text was left out.</summary>
    private const string Ellipsis = "…";

    /// <summary>Cuts a text to a length, at its end.</summary>
    /// <param name="text">The text.</param>
    /// <param name="maximumLength">Characters that remain at most, the mark of the cut included.</param>
    public static string Cut(string text, int maximumLength = MaximumLength)
    {
        if (text.Length <= maximumLength) return text;
        int end = Math.Max(maximumLength - Ellipsis.Length, 0);
        // Half of a surrogate pair is not a text.
        if (end > 0 && char.IsHighSurrogate(text[end - 1])) end--;
        return string.Concat(text.AsSpan(0, end), Ellipsis);
    }

    /// <summary>Lists as many names as fit, and the number of the others.</summary>
    /// <param name="names">The names.</param>
    /// <param name="separator">Stands between two of them.</param>
    /// <param name="maximumLength">Characters of the names at most; the number of the others is not counted.</param>
    public static string List(IReadOnlyCollection<string> names, string separator = ", ", int maximumLength = 300)
    {
        var shown = new List<string>();
        int left = maximumLength;
        foreach (string name in names)
        {
            string text = Cut(name, maximumLength);
            left -= text.Length + separator.Length;
            if (left < 0 && shown.Count > 0) break;
            shown.Add(text);
        }

        string list = string.Join(separator, shown);
        return shown.Count == names.Count ? list : string.Create(CultureInfo.InvariantCulture, $"{list} and {names.Count - shown.Count} more");
    }
}
