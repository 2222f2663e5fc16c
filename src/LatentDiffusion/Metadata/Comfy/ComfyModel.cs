using System.Globalization;

namespace LatentDiffusion.Metadata;

/// <summary>The model behind a sampler of ComfyUI's graph: its file, and what is between them.</summary>
/// <param name="File">Name of the file without folder and extension; null where it is not known.</param>
/// <param name="Loras">The LoRAs in the order in which they are applied.</param>
/// <param name="Other">Nodes that change the model otherwise.</param>
internal sealed record ComfyModel(string? File, IReadOnlyList<LoraReference> Loras, IReadOnlyDictionary<string, string> Other)
{
    private const string Model = "model";

    private static readonly string[] s_files = ["ckpt_name", "unet_name", "model_name"];

    public static ComfyModel Follow(ComfyGraph graph, ComfyNode user)
    {
        var loras = new List<LoraReference>();
        var other = new Dictionary<string, string>();
        var seen = new HashSet<string>();
        ComfyNode? node = graph.Follow(user, Model);
        // A circle leads to no file.
        while (node is not null && seen.Add(node.Id))
        {
            if (graph.Text(node, "lora_name") is { } lora)
            {
                double? scale = graph.Number(node, "strength_model")?.ToDouble(), text = graph.Number(node, "strength_clip")?.ToDouble();
                loras.Add(new LoraReference(Name(lora), scale));
                if (text is not null && text != scale)
                    other[$"{node} strength_clip"] = text.Value.ToString(CultureInfo.InvariantCulture);
            }
            else if (s_files.Select(input => graph.Text(node, input)).FirstOrDefault(name => name is not null) is { } file)
                return Found(Name(file));
            else other[node.ToString()] = MessageText.Truncate(node.Inputs.ToWords(), 1000);
            node = graph.Follow(node, Model);
        }

        return Found(null);

        // The graph is followed against the order in which LoRAs are applied.
        ComfyModel Found(string? file) => new(file, [.. Enumerable.Reverse(loras)], other);
    }

    /// <summary>The name of a file of any system, without folder and extension.</summary>
    private static string Name(string path) => Path.GetFileNameWithoutExtension(path[(path.LastIndexOfAny(['/', '\\']) + 1)..]);
}
