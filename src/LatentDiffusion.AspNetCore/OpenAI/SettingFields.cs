using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json;

namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary>Reads fields that OpenAI's API does not have: the settings of a request by their keys.</summary>
internal static class SettingFields
{
    private static readonly string[] s_inputs =
    [
        nameof(GenerationRequest.Prompt), nameof(GenerationRequest.PromptEmbeds), nameof(GenerationRequest.NegativePromptEmbeds),
        nameof(GenerationRequest.InitialImage), nameof(GenerationRequest.Mask), nameof(GenerationRequest.ReferenceImages),
        nameof(GenerationRequest.ControlImages), nameof(GenerationRequest.AdapterImages), nameof(GenerationRequest.ImagePrompts),
    ];

    /// <summary>The settings that are fields, by their keys. Images are not: they are files of a form.</summary>
    public static FrozenDictionary<string, RequestSetting> Settings { get; } = RequestSettings.All
        .Where(s => !s_inputs.Contains(s.Name) && s != RequestSettings.ImageCount)
        .ToFrozenDictionary(s => s.Key);

    /// <summary>A request with the settings.</summary>
    /// <param name="fields">The fields; null for none.</param>
    /// <exception cref="OpenAIException">A field is unknown, or its value is not one of its setting.</exception>
    public static GenerationRequest Read(IReadOnlyDictionary<string, JsonElement>? fields)
    {
        var entries = new Dictionary<string, string> { [Entry("Prompt")] = "" };
        TimeSpan? limit = null;
        foreach ((string key, JsonElement value) in fields ?? new Dictionary<string, JsonElement>())
        {
            if (!Settings.TryGetValue(key, out RequestSetting? setting)) throw OpenAIErrors.Unknown(key);
            if (value.ValueKind is JsonValueKind.Null) continue;
            string text = Text(key, value);
            if (Expected(setting, text) is { } expected)
                throw OpenAIErrors.Invalid($"{key} is '{MessageText.Truncate(text, 100)}'; expected {expected}.", key);
            if (setting == RequestSettings.TimeLimit) limit = Seconds(text);
            else if (IsReadable(key, text)) entries[key] = text;
            else throw OpenAIErrors.Invalid($"{key} is '{MessageText.Truncate(text, 100)}', which is not a value of this setting.", key);
        }

        return GenerationMetadata.ToRequest(entries) with { TimeLimit = limit };
    }

    private static string Text(string key, JsonElement value)
    {
        bool isText = key == Entry(nameof(GenerationRequest.NegativePrompt)) || key == Entry(nameof(GenerationRequest.SchedulerName));
        if (isText && value.ValueKind != JsonValueKind.String)
            throw OpenAIErrors.Invalid($"Invalid type for '{key}': expected a string.", key, "invalid_type");
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
        }
        catch (InvalidOperationException)
        {
            throw OpenAIErrors.Invalid($"{key} is not valid Unicode.", key);
        }
    }

    /// <summary>What a number must be; null where it is right.</summary>
    private static string? Expected(RequestSetting setting, string text) => setting switch
    {
        RequestSetting<int> number => Expected(number, int.TryParse(text, CultureInfo.InvariantCulture, out int value) ? value : null),
        RequestSetting<ulong> number => Expected(number, ulong.TryParse(text, CultureInfo.InvariantCulture, out ulong value) ? value : null)
            is not null ? $"from 0 to {ulong.MaxValue}" : null,
        RequestSetting<double> number => Expected(number, Number(text)),
        RequestSetting<TimeSpan> => Expected(RequestSettings.TimeLimit, Seconds(text)) is not null
            ? $"a number of seconds, more than 0 and at most {RequestSettings.TimeLimit.Range!.Maximum.TotalSeconds}"
            : null,
        _ => null,
    };

    private static string? Expected<T>(RequestSetting<T> setting, T? value) where T : struct, IComparable<T>, IFormattable, IParsable<T> =>
        value is { } given && setting.Range?.Contains(given) is not false ? null : setting.Range?.ToString() ?? "a number";

    private static double? Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : null;

    // Far longer limits are refused by the range; times count no further.
    private static TimeSpan? Seconds(string text) => Number(text) is { } seconds and > 0 and < 1e9 ? TimeSpan.FromSeconds(seconds) : null;

    private static bool IsReadable(string key, string text)
    {
        try
        {
            GenerationMetadata.ToRequest(new Dictionary<string, string> { [Entry("Prompt")] = "", [key] = text });
            return true;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    private static string Entry(string property) => JsonNamingPolicy.SnakeCaseLower.ConvertName(property);
}
