using System.Text.Json;

namespace LatentDiffusion.Metadata;

/// <summary>A node of ComfyUI's graph.</summary>
/// <param name="Id">Its name in the graph.</param>
/// <param name="Kind">Its class, for example <c>KSampler</c>.</param>
/// <param name="Inputs">Values and links by their names.</param>
internal sealed record ComfyNode(string Id, string Kind, JsonElement Inputs)
{
    /// <summary>The node as messages name it.</summary>
    public override string ToString() => $"{MessageText.Truncate(Kind, 60)} ({MessageText.Truncate(Id, 20)})";

    /// <summary>The names of inputs that hold values of a kind, and not links.</summary>
    public IReadOnlyList<JsonElement> Values(Func<JsonElement, bool> isWanted) =>
        Inputs.ValueKind == JsonValueKind.Object ? [.. Inputs.EnumerateObject().Select(i => i.Value).Where(isWanted)] : [];
}
