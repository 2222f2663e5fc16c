using System.Text.Json;
using System.Text.Json.Nodes;

namespace FineTune;

/// <summary>
/// Puts the settings of a run together: those of its method, of the model, of a configuration file, and of the command line, each over the
/// one before.
/// </summary>
internal sealed class SettingsSource
{
    private const string DefaultMethod = "lora";

    private static readonly string[] s_methods =
        [.. Enum.GetValues<FineTuneMethod>().Select(SettingsRules.Name)];

    private static readonly JsonDocumentOptions s_lenient =
        new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    private readonly JsonObject _method, _configured, _commandLine;

    /// <summary>Reads a configuration file.</summary>
    /// <param name="file">Path of the configuration file; null for none.</param>
    /// <param name="commandLine">Values of the command line, which override the file's.</param>
    /// <exception cref="InvalidDataException">The file cannot be read, or has an invalid value; the message names both.</exception>
    public SettingsSource(string? file, JsonObject commandLine)
    {
        (_commandLine, _configured) = (commandLine, file is null ? [] : ReadFile(file));
        if (commandLine["method"] is null && _configured["method"] is { } chosen && !IsMethod(chosen))
            throw Invalid(file!, UnknownMethod(chosen));
        JsonNode method = commandLine["method"] ?? _configured["method"] ?? DefaultMethod;
        if (!IsMethod(method)) throw new ArgumentException(UnknownMethod(method));
        _method = JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, $"{method}.json")))!.AsObject();
        if (file is null) return;
        try
        {
            Parse(_configured.Over(_method));
        }
        catch (ArgumentException e)
        {
            throw Invalid(file, e.Message);
        }
    }

    /// <summary>The settings.</summary>
    /// <param name="model">Settings that follow from the model; null before it is known.</param>
    /// <exception cref="ArgumentException">The command line has an invalid value, or a required one is missing.</exception>
    public FineTuneSettings Read(JsonObject? model = null)
    {
        FineTuneSettings settings = Parse(_commandLine.Over(_configured.Over((model ?? []).Over(_method))));
        if (settings.Model is null) throw new ArgumentException("No model is given: expected --model, or \"model\" in --config.");
        if (settings.Data.Path is null)
            throw new ArgumentException("No images are given: expected --data, or \"path\" of \"data\" in --config.");
        SettingsRules.Check(settings);
        return settings;
    }

    private static JsonObject ReadFile(string file)
    {
        if (!File.Exists(file)) throw new FileNotFoundException($"The configuration '{file}' does not exist.", file);
        try
        {
            return JsonNode.Parse(File.ReadAllText(file), documentOptions: s_lenient) as JsonObject
                ?? throw new InvalidDataException($"The configuration '{file}' is not a JSON object.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"The configuration '{file}' cannot be read: {e.Message}", e);
        }
    }

    private static bool IsMethod(JsonNode method) =>
        method is JsonValue value && value.TryGetValue(out string? name) && s_methods.Contains(name);

    private static string UnknownMethod(JsonNode method) =>
        $"method is {method.ToJsonString()}; expected {string.Join(" or ", s_methods)}.";

    private static InvalidDataException Invalid(string file, string message) =>
        new($"The configuration '{file}' has an invalid value: {message}");

    private static FineTuneSettings Parse(JsonObject json)
    {
        try
        {
            FineTuneSettings settings = json.Deserialize<FineTuneSettings>(SettingsJson.Options)!;
            SettingsRanges.Check(settings);
            return settings;
        }
        catch (JsonException e)
        {
            throw new ArgumentException(SettingsProblem.Describe(e, json), e);
        }
    }
}
