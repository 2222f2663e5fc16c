using System.Globalization;
using System.Text;
using System.Text.Json;

namespace LatentDiffusion.Metadata;

/// <summary>
/// The last line of the web UI's text: <c>Key: value, Key: "quoted, value"</c>. A key begins with a letter or digit and may contain
/// spaces, hyphens and slashes. Values with commas, colons or line breaks are JSON strings. Reading takes time in proportion to the text.
/// </summary>
internal static class WebUIEntries
{
    private const int ShortestKey = 2;

    /// <summary>Reads the entries of a line in their order. Text that is not an entry is skipped; of equal keys the last counts.</summary>
    public static List<(string Key, string Value)> Read(string line)
    {
        var entries = new List<(string, string)>();
        int plainUntil = 0, key = -1;
        for (int i = 0; i < line.Length; i++)
        {
            char c = line[i];
            if (c == ':' && key >= 0 && i - key >= ShortestKey)
            {
                string name = line[key..i].TrimEnd();
                entries.Add((name, ReadValue(line, ref i, ref plainUntil)));
                key = -1;
            }
            else if (!IsWord(c) && !(key >= 0 && c is ' ' or '-' or '/')) key = -1;
            else if (key < 0 && IsWord(c)) key = i;
        }

        return entries;
    }

    /// <summary>Writes entries on one line.</summary>
    public static string Write(IEnumerable<(string Key, string Value)> entries) =>
        string.Join(", ", entries.Select(e => $"{e.Key}: {Quote(e.Value)}"));

    /// <summary>Whether a text can be a key, so that it is read back.</summary>
    public static bool IsKey(string text) =>
        text.Length >= ShortestKey && IsWord(text[0]) && text == text.TrimEnd() && text.All(c => IsWord(c) || c is ' ' or '-' or '/');

    private static bool IsWord(char c) => char.IsLetterOrDigit(c) || c == '_';

    /// <summary>The value after a colon. The position becomes that of the comma after it, or of the end.</summary>
    /// <param name="line">The line.</param>
    /// <param name="colon">Position of the colon.</param>
    /// <param name="plainUntil">Values before this position are neither quoted nor JSON.</param>
    private static string ReadValue(string line, ref int colon, ref int plainUntil)
    {
        int start = colon + 1;
        while (start < line.Length && char.IsWhiteSpace(line[start])) start++;
        if (start < line.Length && start >= plainUntil && line[start] is '"' or '{' or '[')
        {
            int end = line[start] == '"' ? EndOfText(line, start) : EndOfJson(line, start);
            int next = end;
            while (next >= 0 && next < line.Length && line[next] == ' ') next++;
            if (end >= 0 && (next == line.Length || line[next] == ','))
            {
                colon = next;
                return line[start] == '"' ? Unquote(line[start..end]) : line[start..end];
            }

            // One that is not closed, or has text behind it, is read to its end once, and not again for each that begins in it.
            plainUntil = end < 0 ? line.Length : end;
        }

        int comma = line.IndexOf(',', start);
        colon = comma < 0 ? line.Length : comma;
        return line[start..colon].TrimEnd();
    }

    private static int EndOfText(string line, int start)
    {
        for (int i = start + 1; i < line.Length; i++)
        {
            if (line[i] == '\\') i++;
            else if (line[i] == '"') return i + 1;
        }

        return -1;
    }

    // Some extensions write JSON without quoting it.
    private static int EndOfJson(string line, int start)
    {
        int depth = 0;
        for (int i = start; i < line.Length; i++)
        {
            if (line[i] == '"')
            {
                i = EndOfText(line, i) - 1;
                if (i < 0) return -1;
            }
            else if (line[i] is '{' or '[') depth++;
            else if (line[i] is '}' or ']' && --depth == 0) return i + 1;
        }

        return -1;
    }

    private static string Unquote(string text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, PlainJson.Default.String) ?? text;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            // As the web UI does. Halves of surrogate pairs give the other exceptions.
            return text;
        }
    }

    /// <summary>As the web UI, quotes values with commas, colons and line breaks, and further ones that it would not read back.</summary>
    private static string Quote(string value)
    {
        bool isPlain = value.AsSpan().IndexOfAny(",:\n\r") < 0 && value == value.Trim()
            && value.Length > 0 && value[0] is not ('"' or '{' or '[');
        if (isPlain) return value;
        var json = new StringBuilder("\"");
        foreach (char c in value)
        {
            _ = c switch
            {
                '"' or '\\' => json.Append('\\').Append(c),
                '\n' => json.Append("\\n"),
                '\r' => json.Append("\\r"),
                '\t' => json.Append("\\t"),
                < ' ' or '\u2028' or '\u2029' => json.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => json.Append(c),
            };
        }

        return json.Append('"').ToString();
    }
}
