using System.Text.Json;

namespace LatentDiffusion.Metadata;

/// <summary>
/// The graph that ComfyUI ran, entry <c>prompt</c> of its images: nodes by their number, whose inputs are values or links
/// <c>["4", 0]</c> to an output of another node.
/// </summary>
internal sealed class ComfyGraph
{
    private readonly Dictionary<string, ComfyNode> _nodes = [];

    /// <exception cref="InvalidDataException">The JSON is not a graph.</exception>
    public ComfyGraph(JsonElement json)
    {
        try
        {
            foreach (JsonProperty node in json.EnumerateObject())
            {
                if (node.Value.Member("class_type")?.ToText() is { } kind)
                    _nodes[node.Name] = new ComfyNode(node.Name, kind, node.Value.Member("inputs") ?? default);
            }
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidDataException("The image's ComfyUI graph cannot be read: a name is not valid Unicode.", e);
        }
    }

    public IReadOnlyCollection<ComfyNode> Nodes => _nodes.Values;

    /// <summary>The node that an input is linked to; null for a value, a missing input, and a link to nowhere.</summary>
    public ComfyNode? Follow(ComfyNode node, string input) =>
        node.Inputs.Member(input) is { ValueKind: JsonValueKind.Array } link && link.GetArrayLength() == 2 && link[0].ToText() is { } id
            ? _nodes.GetValueOrDefault(id)
            : null;

    /// <summary>The same for an input that has to be linked.</summary>
    /// <exception cref="InvalidDataException">It is not; the message names node and input.</exception>
    public ComfyNode Require(ComfyNode node, string input) => Follow(node, input)
        ?? throw new InvalidDataException($"The image's ComfyUI graph is ambiguous: input '{input}' of {node} is not linked to a node.");

    /// <summary>
    /// The text of an input: its own, or that of a node with only one, such as a primitive. Null where it is missing.
    /// </summary>
    /// <exception cref="InvalidDataException">Another node makes it, and does not say clearly what.</exception>
    public string? Text(ComfyNode node, string input) => Value(node, input, v => v.ValueKind == JsonValueKind.String, "text")?.ToText();

    /// <summary>The number of an input, like <see cref="Text"/>.</summary>
    /// <exception cref="InvalidDataException">Another node makes it, and does not say clearly what.</exception>
    public JsonElement? Number(ComfyNode node, string input) => Value(node, input, v => v.ValueKind == JsonValueKind.Number, "number");

    private JsonElement? Value(ComfyNode node, string input, Func<JsonElement, bool> isWanted, string what)
    {
        if (node.Inputs.Member(input) is not { } value) return null;
        if (isWanted(value)) return value;
        if (Follow(node, input) is { } source && source.Values(isWanted) is [var only]) return only;
        string maker = Follow(node, input)?.ToString() ?? MessageText.Truncate(value.GetRawText(), 60);
        throw new InvalidDataException($"The image's ComfyUI graph is ambiguous: the {what} '{input}' of {node} comes from {maker}.");
    }
}
