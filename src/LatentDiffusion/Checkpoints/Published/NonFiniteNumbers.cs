using System.Text;

namespace LatentDiffusion.Checkpoints;

/// <summary>The numbers that Python writes into JSON without quotes and that JSON does not have.</summary>
internal static class NonFiniteNumbers
{
    private static readonly string[] s_names = ["-Infinity", "Infinity", "NaN"];

    /// <summary>Puts them in quotes, outside of strings.</summary>
    public static string Quote(string json)
    {
        if (!json.Contains("Infinity", StringComparison.Ordinal) && !json.Contains("NaN", StringComparison.Ordinal)) return json;
        var result = new StringBuilder(json.Length + 16);
        bool inText = false;
        for (int i = 0; i < json.Length; i++)
        {
            char c = json[i];
            if (!inText && c is '-' or 'I' or 'N' && NameAt(json, i) is { } name)
            {
                result.Append('"').Append(name).Append('"');
                i += name.Length - 1;
                continue;
            }

            result.Append(c);
            if (c == '"') inText = !inText;
            else if (inText && c == '\\' && i + 1 < json.Length) result.Append(json[++i]);
        }

        return result.ToString();
    }

    private static string? NameAt(string json, int index) =>
        s_names.FirstOrDefault(name => string.CompareOrdinal(json, index, name, 0, name.Length) == 0);
}
