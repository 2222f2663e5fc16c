using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json;

namespace LatentDiffusion.AspNetCore.Requests;

/// <summary>Reads the settings of a request from fields that have their keys.</summary>
internal static class SettingFields
{
    // Images are files, and embeddings do not go over the network. Each API has its own field for the prompt and the number of images.
    private static readonly string[] s_others =
    [
        nameof(GenerationRequest.Prompt), nameof(GenerationRequest.PromptEmbeds), nameof(GenerationRequest.NegativePromptEmbeds),
        nameof(GenerationRequest.InitialImage), nameof(GenerationRequest.Mask), nameof(GenerationRequest.ReferenceImages),
        nameof(GenerationRequest.ControlImages), nameof(GenerationRequest.AdapterImages), nameof(GenerationRequest.ImagePrompts),
        nameof(GenerationRequest.IpAdapterWeights), nameof(GenerationRequest.ImageCount),
    ];

    /// <summary>The settings that are fields, by their keys.</summary>
    public static FrozenDictionary<string, RequestSetting> Settings { get; } =
        RequestSettings.All.Where(s => !s_others.Contains(s.Name)).ToFrozenDictionary(s => s.Key);

    /// <summary>A request with the settings, and without a prompt. A time limit is a number of seconds.</summary>
    /// <param name="fields">The fields; null for none.</param>
    /// <param name="options">Limits of the server.</param>
    /// <exception cref="RequestException">A field is unknown, or its value is not one of its setting.</exception>
    public static GenerationRequest Read(IReadOnlyDictionary<string, JsonElement>? fields, LatentDiffusionServerOptions options)
    {
        var entries = new Dictionary<string, string> { [Entry("Prompt")] = "" };
        TimeSpan? limit = null;
        foreach ((string key, JsonElement value) in fields ?? new Dictionary<string, JsonElement>())
        {
            if (!Settings.TryGetValue(key, out RequestSetting? setting)) throw RequestErrors.Unknown(key);
            if (value.ValueKind is JsonValueKind.Null) continue;
            string text = Text(key, value);
            if (Expected(setting, text) is { } expected)
                throw RequestErrors.Invalid($"{key} is '{MessageText.Truncate(text, 100)}'; expected {expected}.", key);
            if (setting == RequestSettings.TimeLimit) limit = Seconds(text);
            else if (IsReadable(key, text)) entries[key] = text;
            else throw RequestErrors.Invalid($"{key} is '{MessageText.Truncate(text, 100)}', which is not a value of this setting.", key);
        }

        string negative = Entry(nameof(GenerationRequest.NegativePrompt));
        FieldRules.Length(negative, entries.GetValueOrDefault(negative), options.MaximumPromptLength);
        return GenerationMetadata.ToRequest(entries) with { TimeLimit = limit };
    }

    private static string Text(string key, JsonElement value)
    {
        bool isText = key == Entry(nameof(GenerationRequest.NegativePrompt)) || key == Entry(nameof(GenerationRequest.SchedulerName));
        if (isText && value.ValueKind != JsonValueKind.String)
            throw RequestErrors.Invalid($"Invalid type for '{key}': expected a string.", key, "invalid_type");
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
        }
        catch (InvalidOperationException)
        {
            throw RequestErrors.Invalid($"{key} is not valid Unicode.", key);
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
        _ when setting.Name == nameof(GenerationRequest.SchedulerName) && !KnownSchedulers.TryGet(text, out _) =>
            $"one of {string.Join(", ", KnownSchedulers.All.Select(s => s.Name))}",
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
