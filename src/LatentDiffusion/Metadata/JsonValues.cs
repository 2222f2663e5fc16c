using System.Globalization;
using System.Text.Json;

namespace LatentDiffusion.Metadata;

/// <summary>Values of foreign JSON, in which numbers may be texts and any value may be missing or of another type.</summary>
internal static class JsonValues
{
    /// <summary>The JSON of an entry.</summary>
    /// <exception cref="InvalidDataException">The text is not JSON.</exception>
    public static JsonElement Parse(string text, string entry)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return document.RootElement.Clone();
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            // ArgumentException: halves of surrogate pairs.
            throw new InvalidDataException($"The image's text '{entry}' is not JSON: {MessageText.Truncate(e.Message, 200)}", e);
        }
    }

    /// <summary>The member of an object; null where it is missing or null, or the value is not an object.</summary>
    public static JsonElement? Member(this JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out JsonElement member)
            && member.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined)
            ? member
            : null;

    /// <summary>The members of an object, the first of each name; none where the value is not an object.</summary>
    /// <exception cref="InvalidDataException">A name is not valid Unicode.</exception>
    public static IReadOnlyList<JsonProperty> Members(this JsonElement value, string entry)
    {
        try
        {
            return value.ValueKind == JsonValueKind.Object ? [.. value.EnumerateObject().DistinctBy(member => member.Name)] : [];
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidDataException($"The image's entry '{entry}' has a name that is not valid Unicode.", e);
        }
    }

    /// <summary>The text of a value; null where it is not a text.</summary>
    public static string? ToText(this JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            // Escapes of halves of surrogate pairs.
            return null;
        }
    }

    /// <summary>The number of a value; null where it is not a finite number.</summary>
    public static double? ToDouble(this JsonElement value) =>
        double.TryParse(NumberText(value), NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number)
            ? number
            : null;

    /// <summary>The whole number of a value; null where it is not one.</summary>
    public static int? ToInt(this JsonElement value) => ToDouble(value) is { } number && number == (int)number ? (int)number : null;

    /// <summary>The seed of a value; null where it is not one.</summary>
    public static ulong? ToSeed(this JsonElement value) =>
        ulong.TryParse(NumberText(value), NumberStyles.None, CultureInfo.InvariantCulture, out ulong seed) ? seed : null;

    /// <summary>A value for people: a text without quotes, anything else as JSON.</summary>
    public static string ToWords(this JsonElement value) =>
        value.ToText() ?? (value.ValueKind == JsonValueKind.Undefined ? "" : value.GetRawText());

    private static string? NumberText(JsonElement value) => value.ValueKind == JsonValueKind.Number ? value.GetRawText() : value.ToText();
}
