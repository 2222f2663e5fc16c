using System.Text.Json;

namespace LatentDiffusion.Hub;

/// <summary>What a download reads from a <c>model_index.json</c> and from the indices of weights.</summary>
internal static class ModelIndexFile
{
    public const string Name = "model_index.json";

    private static readonly JsonDocumentOptions s_options = new()
    {
        AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip,
    };

    /// <summary>
    /// The components that a pipeline reads: those of the model's family, and all where the family is not known. The index of a list of
    /// components names only the first folder.
    /// </summary>
    /// <param name="path">The index.</param>
    /// <param name="isKnown">Whether a family reads a component, by the pipeline's class and the component's name; null if unknown.</param>
    /// <exception cref="InvalidDataException">The file is not such an index.</exception>
    public static IReadOnlyList<string> Components(string path, Func<string, string, bool?> isKnown)
    {
        JsonElement root = Read(path);
        string pipeline = root.TryGetProperty("_class_name", out JsonElement name) ? ClassOf(name) ?? "" : "";
        return
        [
            .. root.EnumerateObject().Where(entry => entry.Value.ValueKind == JsonValueKind.Array && !entry.Name.StartsWith('_')
                    && entry.Value.GetArrayLength() == 2 && ClassOf(entry.Value) is not null && HubPath.IsName(entry.Name)
                    && (entry.Name == "scheduler" || isKnown(pipeline, entry.Name) != false))
                .Select(entry => entry.Name),
        ];
    }

    /// <summary>The files that an index of weights names.</summary>
    /// <exception cref="InvalidDataException">The file is not such an index.</exception>
    public static IReadOnlyList<string> Shards(string path)
    {
        JsonElement root = Read(path);
        if (!root.TryGetProperty("weight_map", out JsonElement map) || map.ValueKind != JsonValueKind.Object)
            throw new InvalidDataException($"{path} is not an index of weights: it has no weight_map.");
        string[] names = [.. map.EnumerateObject().Select(entry => entry.Value.ToString()).Distinct().Order(StringComparer.Ordinal)];
        return names.FirstOrDefault(name => !HubPath.IsName(name)) is { } bad
            ? throw new InvalidDataException($"{path} names '{MessageText.Truncate(bad, 100)}', which is not a file in its folder.")
            : names;
    }

    // Of a pair of library and class the class; a class of another project follows the name of its module.
    private static string? ClassOf(JsonElement entry) => entry.ValueKind switch
    {
        JsonValueKind.String => entry.GetString(),
        JsonValueKind.Array when entry.GetArrayLength() > 0 => ClassOf(entry[entry.GetArrayLength() - 1]),
        _ => null,
    };

    private static JsonElement Read(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path), s_options);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.Clone()
                : throw new InvalidDataException($"{path} is not a JSON object.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException(MessageText.Truncate($"{path} is not valid JSON: {e.Message}"), e);
        }
    }
}
