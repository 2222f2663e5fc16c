using System.Text.Json;

namespace LatentDiffusion;

/// <summary>What newer files say in their metadata of how they were trained (peft's configuration, by component).</summary>
internal sealed class LoraMetadata
{
    private const string Key = "lora_adapter_metadata";

    private readonly JsonElement? _settings;

    /// <exception cref="FormatException">The settings are no JSON object, or ask for DoRA.</exception>
    public LoraMetadata(IReadOnlyDictionary<string, string> metadata)
    {
        if (!metadata.TryGetValue(Key, out string? json)) return;
        try
        {
            _settings = JsonSerializer.Deserialize<JsonElement>(json);
        }
        catch (JsonException e)
        {
            throw new FormatException($"The metadata '{Key}' is not valid JSON.", e);
        }

        if (_settings is not { ValueKind: JsonValueKind.Object } settings)
            throw new FormatException($"The metadata '{Key}' is no JSON object.");
        foreach (JsonProperty setting in settings.EnumerateObject())
            if (setting.Name.EndsWith("use_dora", StringComparison.Ordinal) && setting.Value.ValueKind == JsonValueKind.True)
                throw new FormatException("It was trained with DoRA, which is not supported.");
    }

    /// <summary>The strength of a parameter's patch; null where nothing is said of it.</summary>
    public double? Alpha(string component, string parameter)
    {
        string module = parameter[..parameter.LastIndexOf('.')];
        if (Setting(component, "alpha_pattern") is { ValueKind: JsonValueKind.Object } pattern)
            foreach (JsonProperty entry in pattern.EnumerateObject())
                if (module == entry.Name || module.EndsWith($".{entry.Name}", StringComparison.Ordinal)) return Number(entry.Value);
        return Setting(component, "lora_alpha") is { } alpha ? Number(alpha) : null;
    }

    /// <summary>Whether the strength is divided by the root of the rank.</summary>
    public bool IsRankStabilized(string component) => Setting(component, "use_rslora") is { ValueKind: JsonValueKind.True };

    private static double Number(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && double.IsFinite(number)
            ? number
            : throw new FormatException($"The metadata '{Key}' has a strength that is no finite number.");

    private JsonElement? Setting(string component, string name) =>
        _settings is { } settings && settings.TryGetProperty($"{component}.{name}", out JsonElement value) ? value : null;
}
