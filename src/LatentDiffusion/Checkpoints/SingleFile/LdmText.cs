using System.Globalization;
using System.Text.RegularExpressions;

namespace LatentDiffusion;

/// <summary>The text towers of a single file.</summary>
internal static class LdmText
{
    /// <summary>The token that fills OpenCLIP's prompts, the vocabulary's first.</summary>
    public const string OpenClipPadding = "!";

    /// <summary>Width of a head in all published towers.</summary>
    private const int HeadWidth = 64;

    /// <summary>As published: the end token is the highest id, whatever the vocabulary.</summary>
    private const int HighestId = 2;

    private const string Layers = "text_model.encoder.layers.", Projection = "text_projection.weight";

    private static readonly string[] s_attention = ["q", "k", "v"];

    /// <summary>CLIP's tower, whose names are ours.</summary>
    public static IEnumerable<MappedTensor> Clip(Dictionary<string, TensorEntry> stored) => stored.Select(t => new MappedTensor(t.Key, t.Value));

    /// <summary>OpenCLIP's tower: Q, K and V stored as one, and the projection transposed.</summary>
    /// <param name="stored">The tower's tensors, by their names without the prefix.</param>
    /// <param name="truncated">Whether the last layer and the projection are left out: SD 2.x was trained on the layer before.</param>
    public static IEnumerable<MappedTensor> OpenClip(Dictionary<string, TensorEntry> stored, bool truncated)
    {
        MappedTensor[] tensors = [.. stored.SelectMany(t => OpenClip(t.Key, t.Value))];
        if (!truncated) return tensors;
        int last = tensors.Max(t => Layer(t.Name));
        return tensors.Where(t => t.Name != Projection && (Layer(t.Name) < last || last < 0));
    }

    /// <summary>The configuration, from the shapes of the tensors.</summary>
    /// <param name="network">The tensors under our names.</param>
    /// <param name="activation">The tower's activation, which no shape shows.</param>
    public static ClipTextConfig Infer(ITensorSource network, string activation)
    {
        if (network.Find("text_model.embeddings.token_embedding.weight") is not { Shape: [var vocabulary, var width] }
            || network.Find("text_model.embeddings.position_embedding.weight") is not { Shape: [var positions, _] }
            || network.Find(Layers + "0.mlp.fc1.weight") is not { Shape: [var intermediate, _] })
            throw new CheckpointException(network.Path, "its text tower has not the tensors from which its configuration would follow.");
        return new ClipTextConfig
        {
            VocabSize = (int)vocabulary,
            HiddenSize = (int)width,
            IntermediateSize = (int)intermediate,
            NumHiddenLayers = network.Entries.Max(e => Layer(e.Name)) + 1,
            NumAttentionHeads = Math.Max((int)width / HeadWidth, 1),
            MaxPositionEmbeddings = (int)positions,
            HiddenAct = activation,
            ProjectionDim = network.Find(Projection) is { } projection ? (int)projection.Shape[0] : (int)width,
            EosTokenId = HighestId,
        };
    }

    private static IEnumerable<MappedTensor> OpenClip(string name, TensorEntry entry)
    {
        string ours = name;
        foreach ((Regex ldm, string replacement) in LdmNames.OpenClipParts) ours = ldm.Replace(ours, replacement);
        if (!ours.Contains("{0}")) return [new MappedTensor(ours, entry, ours == Projection ? TensorView.Transposed : TensorView.Same)];
        return s_attention.Select((part, i) => new MappedTensor(
            ours.Replace("{0}", part, StringComparison.Ordinal), entry, TensorView.FirstThird + i));
    }

    /// <summary>Index of the layer that a tensor belongs to; −1 for none.</summary>
    private static int Layer(string name) => name.StartsWith(Layers, StringComparison.Ordinal)
        && int.TryParse(name.AsSpan(Layers.Length, name.IndexOf('.', Layers.Length) - Layers.Length), CultureInfo.InvariantCulture, out int layer) ? layer : -1;
}
