using System.Globalization;
using System.Text.Json;

namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary>Conversions of JSON values, as tolerant as the web UI's server.</summary>
internal static class FieldTypes
{
    public static (bool IsValid, string? Value) Text(JsonElement json) =>
        json.ValueKind == JsonValueKind.String && String(json) is { } text ? (true, text) : (false, null);

    public static (bool IsValid, IReadOnlyList<string>? Value) Texts(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Array) return (false, null);
        var texts = new List<string>();
        foreach (JsonElement item in json.EnumerateArray())
        {
            if (Text(item) is not (true, { } text)) return (false, null);
            texts.Add(text);
        }

        return (true, texts);
    }

    public static (bool IsValid, bool? Value) Flag(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.True => (true, true),
        JsonValueKind.False => (true, false),
        JsonValueKind.Number when json.TryGetInt32(out int number) && number is 0 or 1 => (true, number == 1),
        JsonValueKind.String => String(json)?.Trim().ToLowerInvariant() switch
        {
            "true" or "1" or "on" or "yes" => (true, true),
            "false" or "0" or "off" or "no" => (true, false),
            _ => (false, null),
        },
        _ => (false, null),
    };

    public static (bool IsValid, long? Value) Integer(JsonElement json)
    {
        if (json.ValueKind == JsonValueKind.Number && json.TryGetInt64(out long integer)) return (true, integer);
        // 20.0 is one too, up to the integers that a double has exactly.
        return Number(json) is (true, { } number) && double.IsInteger(number) && Math.Abs(number) <= 1L << 53
            ? (true, (long)number)
            : (false, null);
    }

    public static (bool IsValid, double? Value) Number(JsonElement json)
    {
        double number = double.NaN;
        bool isNumber = json.ValueKind switch
        {
            JsonValueKind.Number => json.TryGetDouble(out number),
            JsonValueKind.String => double.TryParse(String(json), NumberStyles.Float, CultureInfo.InvariantCulture, out number),
            _ => false,
        };
        return isNumber && double.IsFinite(number) ? (true, number) : (false, null);
    }

    /// <summary>Null for halves of surrogate pairs.</summary>
    private static string? String(JsonElement json)
    {
        try
        {
            return json.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
