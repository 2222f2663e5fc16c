namespace LatentDiffusion.Metadata;

/// <summary>The text behind a conditioning of ComfyUI's graph.</summary>
/// <param name="Text">The prompt; empty for one of zeros.</param>
/// <param name="Guidance">The guidance of a distilled model; null where the graph does not set it.</param>
/// <param name="Encoder">The node that encoded the text.</param>
internal sealed record ComfyConditioning(string Text, double? Guidance, ComfyNode Encoder)
{
    private const string Conditioning = "conditioning";

    // Inputs of text encoders, in one of which at least the prompt is.
    private static readonly string[] s_texts = ["text", "text_g", "text_l", "clip_g", "clip_l", "t5xxl", "prompt"];

    /// <summary>Follows a link to the node that encodes a prompt.</summary>
    /// <exception cref="InvalidDataException">The prompt is ambiguous; the message says why.</exception>
    public static ComfyConditioning Follow(ComfyGraph graph, ComfyNode from, string input)
    {
        double? guidance = null;
        bool isZero = false;
        ComfyNode node = graph.Require(from, input);
        var seen = new HashSet<string>();
        while (seen.Add(node.Id))
        {
            switch (node.Kind)
            {
                case "FluxGuidance":
                    guidance ??= graph.Number(node, "guidance")?.ToDouble();
                    node = graph.Require(node, Conditioning);
                    break;
                case "ConditioningZeroOut":
                    isZero = true;
                    node = graph.Require(node, Conditioning);
                    break;
                case "Reroute":
                    node = graph.Require(node, "");
                    break;
                case { } kind when kind.StartsWith("CLIPTextEncode", StringComparison.Ordinal):
                    guidance ??= graph.Number(node, "guidance")?.ToDouble();
                    return new ComfyConditioning(isZero ? "" : Texts(graph, node), guidance, node);
                default:
                    throw new InvalidDataException(
                        $"The image's ComfyUI graph does not have a single prompt: {from} gets its '{input}' through {node}.");
            }
        }

        throw new InvalidDataException($"The image's ComfyUI graph has a cycle at {node}.");
    }

    private static string Texts(ComfyGraph graph, ComfyNode node)
    {
        string[] texts = [.. s_texts.Select(input => graph.Text(node, input)).OfType<string>().Distinct()];
        // Models with several encoders may leave some without a text.
        if (texts.Length > 1) texts = [.. texts.Where(text => text.Length > 0)];
        return texts is [var only] ? only : throw new InvalidDataException(
            $"The image's ComfyUI graph does not have a single prompt: {node} has {texts.Length} different texts.");
    }
}
