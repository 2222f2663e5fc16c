using System.Globalization;

namespace LatentDiffusion.Diagnostics;

/// <summary>Limits the length of messages that include text from files or requests.</summary>
internal static class MessageText
{
    /// <summary>Longest message of an exception or log line, in characters.</summary>
    public const int MaximumLength = 1000;

    /// <summary>Marks truncated text.</summary>
    private const string Ellipsis = "…";

    /// <summary>Truncates a text at its end.</summary>
    /// <param name="text">The text.</param>
    /// <param name="maximumLength">Maximum number of characters, including the mark.</param>
    public static string Truncate(string text, int maximumLength = MaximumLength)
    {
        if (text.Length <= maximumLength) return text;
        int end = Math.Max(maximumLength - Ellipsis.Length, 0);
        // A text must not end with half of a surrogate pair.
        if (end > 0 && char.IsHighSurrogate(text[end - 1])) end--;
        return string.Concat(text.AsSpan(0, end), Ellipsis);
    }

    /// <summary>Lists as many names as fit, and the number of the others.</summary>
    /// <param name="names">The names.</param>
    /// <param name="separator">Separates two names.</param>
    /// <param name="maximumLength">Maximum number of characters of the names; the number of the others is not counted.</param>
    public static string List(IReadOnlyCollection<string> names, string separator = ", ", int maximumLength = 300)
    {
        var shown = new List<string>();
        int left = maximumLength;
        foreach (string name in names)
        {
            string text = Truncate(name, maximumLength);
            left -= text.Length + separator.Length;
            if (left < 0 && shown.Count > 0) break;
            shown.Add(text);
        }

        string list = string.Join(separator, shown);
        return shown.Count == names.Count
            ? list
            : string.Create(CultureInfo.InvariantCulture, $"{list} and {names.Count - shown.Count} more");
    }
}
