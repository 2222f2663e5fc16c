using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LatentDiffusion;

/// <summary>How configurations are read from and written to the published <c>config.json</c> files.</summary>
internal static class ModelConfigJson
{
    /// <summary>Keys that begin so are the writing library's own notes (<c>_class_name</c>, <c>_diffusers_version</c>); they are kept.</summary>
    private const char Bookkeeping = '_';

    private static readonly JsonDocumentOptions s_document = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    public static JsonSerializerOptions Options { get; } = new(JsonSerializerOptions.Default)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        AllowTrailingCommas = true,
        ReadCommentHandling = JsonCommentHandling.Skip,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <param name="json">The text.</param>
    /// <param name="what">Whose configuration it is, for messages.</param>
    /// <param name="informative">Further keys that say nothing of the network, which are kept and not looked at.</param>
    public static T Read<T>(string json, string what, params string[] informative) where T : NetworkConfig
    {
        try
        {
            JsonObject source = JsonNode.Parse(json, documentOptions: s_document) as JsonObject
                ?? throw new InvalidDataException($"The configuration of {what} is no JSON object.");
            Expect(source, typeof(T), what, informative);
            return source.Deserialize<T>(Options)! with { Source = source };
        }
        catch (Exception e) when (e is JsonException or ArgumentException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"The configuration of {what} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Writes what was read where it is unchanged, down to how its numbers are spelt.</summary>
    public static string Write(NetworkConfig config)
    {
        JsonObject now = Serialize(config);
        if (config.Source is null) return now.ToJsonString(Options);

        JsonObject before = Serialize((NetworkConfig)config.Source.Deserialize(config.GetType(), Options)!);
        JsonObject result = config.Source.DeepClone().AsObject();
        foreach ((string key, JsonNode? value) in now)
            if (!JsonNode.DeepEquals(value, before[key])) result[key] = value?.DeepClone();
        return result.ToJsonString(Options);
    }

    private static JsonObject Serialize(NetworkConfig config) => JsonSerializer.SerializeToNode(config, config.GetType(), Options)!.AsObject();

    private static void Expect(JsonObject source, Type type, string what, string[] informative)
    {
        var known = Options.GetTypeInfo(type).Properties.Select(p => p.Name).Concat(informative).ToHashSet();
        string[] unknown = [.. source.Select(p => p.Key).Where(key => !key.StartsWith(Bookkeeping) && !known.Contains(key))];
        if (unknown.Length > 0)
            throw new NotSupportedException($"The configuration of {what} has options that are not known here: {string.Join(", ", unknown)}.");
    }
}
