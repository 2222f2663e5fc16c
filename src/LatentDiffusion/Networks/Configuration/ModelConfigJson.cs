using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace LatentDiffusion.Networks;

/// <summary>How configurations are read from and written to the published <c>config.json</c> files.</summary>
internal static class ModelConfigJson
{
    /// <summary>
    /// Keys that begin so are the writing library's own notes (<c>_class_name</c>, <c>_diffusers_version</c>); they are kept.
    /// </summary>
    private const char Bookkeeping = '_';

    public static JsonSerializerOptions Options { get; } = new()
    {
        TypeInfoResolver = NetworkConfigJson.Default.WithDefaults(NetworkConfigJson.Makers).WithReflection(),
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        AllowTrailingCommas = true,
        ReadCommentHandling = JsonCommentHandling.Skip,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <summary>
    /// Reads a configuration. Null stands for an option's default, unless null is one of its values. Options that the class
    /// does not have are kept in <see cref="NetworkConfig.IgnoredOptions"/> where they ask for something.
    /// </summary>
    /// <param name="json">The text.</param>
    /// <param name="what">Class of the network, for messages.</param>
    /// <param name="informative">Further keys that say nothing of the network, which are kept and not looked at.</param>
    /// <exception cref="InvalidDataException">The text is not such a configuration, or contradicts itself.</exception>
    /// <exception cref="NotSupportedException">It is another class's configuration; the message names it.</exception>
    public static T Read<T>(string json, string what, params string[] informative) where T : NetworkConfig
    {
        try
        {
            JsonElement root = PublishedJson.Parse(json);
            JsonObject source = JsonObject.Create(root)!;
            string[] ignored = Unknown(root, typeof(T), informative);
            RefuseOtherClass(source, what, ignored);
            var config = (T)Deserialize(source, typeof(T)) with { Source = source, IgnoredOptions = ignored };
            config.Check();
            return config;
        }
        catch (Exception e) when (e is JsonException or ArgumentException or InvalidOperationException
            or FormatException or OverflowException or InvalidDataException)
        {
            throw new InvalidDataException($"The configuration of {what} cannot be read: {MessageText.Truncate(e.Message, 300)}", e);
        }
    }

    /// <summary>The class that a configuration names; null where it names none.</summary>
    public static string? ClassOf(JsonObject source) =>
        (source["_class_name"] ?? (source["architectures"] as JsonArray)?.FirstOrDefault()) is JsonValue value
            && value.TryGetValue(out string? name)
            ? name
            : null;

    /// <summary>Writes unchanged options exactly as they were read, including the spelling of numbers.</summary>
    public static string Write(NetworkConfig config)
    {
        JsonObject now = Serialize(config);
        if (config.Source is null) return now.ToJsonString(Options);

        JsonObject before = Serialize(Deserialize(config.Source, config.GetType()));
        JsonObject result = config.Source.DeepClone().AsObject();
        foreach ((string key, JsonNode? value) in now)
            if (!JsonNode.DeepEquals(value, before[key])) result[key] = value?.DeepClone();
        return result.ToJsonString(Options);
    }

    private static JsonObject Serialize(NetworkConfig config) =>
        JsonSerializer.SerializeToNode(config, Options.GetTypeInfo(config.GetType()))!.AsObject();

    private static NetworkConfig Deserialize(JsonObject source, Type type)
    {
        var options = new JsonObject();
        JsonTypeInfo contract = Options.GetTypeInfo(type);
        foreach (JsonPropertyInfo property in contract.Properties)
            if (source.TryGetPropertyValue(property.Name, out JsonNode? value) && (value is not null || property.IsSetNullable))
                options[property.Name] = value?.DeepClone();
        return (NetworkConfig)options.Deserialize(contract)!;
    }

    private static string[] Unknown(JsonElement root, Type type, string[] informative)
    {
        var known = Options.GetTypeInfo(type).Properties.Select(p => p.Name).Concat(informative).ToHashSet();
        return [.. root
            .EnumerateObject()
            .Where(p => !p.Name.StartsWith(Bookkeeping) && !known.Contains(p.Name) && !PublishedJson.IsOff(p.Value))
            .Select(p => p.Name)];
    }

    /// <summary>Classes are renamed and derived from, so that a name only counts together with options that no such network has.</summary>
    private static void RefuseOtherClass(JsonObject source, string what, string[] ignored)
    {
        if (ignored.Length > 0 && ClassOf(source) is { } name && !name.StartsWith(what, StringComparison.OrdinalIgnoreCase))
            throw new NotSupportedException(
                $"The configuration is of the class '{MessageText.Truncate(name, 100)}', not of {what}, "
                    + $"which does not have the options {MessageText.List(ignored)}.");
    }
}
