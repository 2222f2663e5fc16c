using System.Text.Json.Nodes;

namespace LatentDiffusion.Models;

/// <summary>Reads the entries of a <c>model_index.json</c>.</summary>
internal static class ModelIndex
{
    /// <summary>The class of the pipeline; null where none is named. A class of another project follows the name of its module.</summary>
    public static string? PipelineClass(JsonObject index) =>
        (index["_class_name"] is JsonArray { Count: > 0 } named ? named[^1] : index["_class_name"]) is JsonValue value
        && value.TryGetValue(out string? name) ? name : null;

    /// <summary>The class of a component; null for one that is absent or null.</summary>
    public static string? ClassOf(JsonObject index, string name) =>
        index[name] is JsonArray { Count: 2 } entry && entry[1] is JsonValue value && value.TryGetValue(out string? className)
            ? className
            : null;

    /// <summary>The entries that are neither components nor notes of the library that wrote them.</summary>
    public static JsonObject Settings(JsonObject index) => new(
        from entry in index
        where entry.Value is not (null or JsonArray) && !entry.Key.StartsWith('_')
        select KeyValuePair.Create(entry.Key, (JsonNode?)entry.Value.DeepClone()));
}
