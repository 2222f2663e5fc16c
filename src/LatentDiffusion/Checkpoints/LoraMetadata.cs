using System.Text.Json;

namespace LatentDiffusion.Checkpoints;

/// <summary>The training settings in the metadata of newer LoRA files: peft's configuration, by component.</summary>
internal sealed class LoraMetadata
{
    private const string Key = "lora_adapter_metadata";
    private const string AlphaName = "lora_alpha", PatternName = "alpha_pattern", StabilizedName = "use_rslora";

    private readonly Dictionary<string, JsonElement> _settings = [];

    // Keyed by the end of a module's name, with the position in the file: of several matches, the first is used.
    private readonly Dictionary<(string Component, string Module), (int Order, JsonElement Alpha)> _patterns = [];

    /// <exception cref="FormatException">The settings are not a JSON object.</exception>
    public LoraMetadata(IReadOnlyDictionary<string, string> metadata, IEnumerable<string> components)
    {
        if (!metadata.TryGetValue(Key, out string? json)) return;
        try
        {
            Read(JsonSerializer.Deserialize(json, PlainJson.Default.JsonElement), components);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            // InvalidOperationException and ArgumentException: unpaired surrogates, in the text and as escapes.
            throw new FormatException($"The metadata '{Key}' is not valid JSON.", e);
        }
    }

    /// <summary>Whether the file was trained with DoRA: it then has trained lengths.</summary>
    public bool UsesDora { get; private set; }

    /// <summary>The strength of a parameter's patch; null where the metadata does not name it.</summary>
    public double? Alpha(string component, string parameter)
    {
        string module = parameter[..parameter.LastIndexOf('.')];
        (int Order, JsonElement Alpha)? first = null;
        for (int start = 0; start >= 0; start = module.IndexOf('.', start) is var dot and >= 0 ? dot + 1 : -1)
        {
            if (_patterns.TryGetValue((component, module[start..]), out (int Order, JsonElement) found)
                && (first is null || found.Order < first.Value.Order))
                first = found;
        }

        return Number(first is { } pattern ? pattern.Alpha : _settings.GetValueOrDefault($"{component}.{AlphaName}"));
    }

    /// <summary>Whether the strength is divided by the root of the rank.</summary>
    public bool IsRankStabilized(string component) =>
        _settings.GetValueOrDefault($"{component}.{StabilizedName}").ValueKind == JsonValueKind.True;

    /// <summary>A strength; null if it is absent, or null in the file, which peft writes for its default.</summary>
    private static double? Number(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Undefined or JsonValueKind.Null => null,
        JsonValueKind.Number when value.TryGetDouble(out double number) && double.IsFinite(number) => number,
        _ => throw new FormatException($"The metadata '{Key}' has a strength that is not a finite number."),
    };

    private void Read(JsonElement settings, IEnumerable<string> components)
    {
        if (settings.ValueKind != JsonValueKind.Object) throw new FormatException($"The metadata '{Key}' is not a JSON object.");
        foreach (JsonProperty setting in settings.EnumerateObject())
        {
            UsesDora |= setting.Name.EndsWith("use_dora", StringComparison.Ordinal) && setting.Value.ValueKind == JsonValueKind.True;
            _settings[setting.Name] = setting.Value;
        }

        foreach (string component in components)
        {
            if (_settings.GetValueOrDefault($"{component}.{PatternName}") is not { ValueKind: JsonValueKind.Object } pattern) continue;
            foreach ((int order, JsonProperty entry) in pattern.EnumerateObject().Index())
                if (entry.Value.ValueKind != JsonValueKind.Null) _patterns.TryAdd((component, entry.Name), (order, entry.Value));
        }
    }
}
