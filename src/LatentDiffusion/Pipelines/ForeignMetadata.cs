using System.Text.Json;

namespace LatentDiffusion;

/// <summary>
/// Recognises the text entries of other programs. Some use the key <c>prompt</c> of this library with another meaning; their files must
/// not be read as requests.
/// </summary>
internal static class ForeignMetadata
{
    // Keys that this library does not write.
    private static readonly (string Key, string Program)[] s_programs =
    [
        ("parameters", "Stable Diffusion web UI or a program that follows it"),
        ("workflow", "ComfyUI"),
        ("invokeai_metadata", "InvokeAI"),
        ("sd-metadata", "InvokeAI"),
        ("Dream", "InvokeAI"),
        ("Comment", "NovelAI or a program that follows it"),
    ];

    /// <summary>Why the entries cannot be read as a request; null where they are not known to be another program's.</summary>
    public static string? Describe(IReadOnlyDictionary<string, string> entries)
    {
        bool hasPrompt = entries.TryGetValue("prompt", out string? prompt);
        if (hasPrompt && IsGraph(prompt!))
            return "The image was not written by this library: its text 'prompt' is a graph of nodes in JSON, as ComfyUI writes it.";

        if (hasPrompt && entries.ContainsKey("seed")) return null;
        (string key, string? program) = s_programs.FirstOrDefault(p => entries.ContainsKey(p.Key));
        return program is null
            ? null
            : $"The image was not written by this library: its text '{key}' is that of {program}, which {nameof(ImageSettings)} reads.";
    }

    /// <summary>Whether a text is a JSON object of objects, each with a class: nodes by their number.</summary>
    public static bool IsGraph(string text)
    {
        if (!text.AsSpan().TrimStart().StartsWith("{")) return false;
        try
        {
            using JsonDocument graph = JsonDocument.Parse(text);
            JsonElement.ObjectEnumerator nodes = graph.RootElement.EnumerateObject();
            return nodes.Any() && nodes.All(IsNode);

            static bool IsNode(JsonProperty node) =>
                node.Value.ValueKind == JsonValueKind.Object && node.Value.TryGetProperty("class_type", out _);
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            return false;
        }
    }
}
