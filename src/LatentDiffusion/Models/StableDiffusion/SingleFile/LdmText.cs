using System.Globalization;
using System.Text.RegularExpressions;

namespace LatentDiffusion.Models;

/// <summary>The text encoders of a single file.</summary>
internal static class LdmText
{
    /// <summary>The token that fills OpenCLIP's prompts, the vocabulary's first.</summary>
    public const string OpenClipPadding = "!";

    /// <summary>Width of a head in all published towers.</summary>
    private const int HeadWidth = 64;

    /// <summary>As published: the end token is the highest id in every vocabulary.</summary>
    private const int HighestId = 2;

    /// <summary>The projection of the pooled text.</summary>
    public const string Projection = "text_projection.weight";

    private const string Layers = "text_model.encoder.layers.";

    /// <summary>OpenCLIP's own parameter for the projection, [width, out]. Linear layers store [out, in].</summary>
    private const string OpenClipProjection = "text_projection";

    /// <summary>Layers of the tower of SD 2.x, as it was published.</summary>
    private const int PublishedLayers = 24;

    /// <summary>How names began before transformers 4.2 put <c>text_model.</c> before them.</summary>
    private static readonly string[] s_older = ["embeddings.", "encoder.layers.", "final_layer_norm."];

    private static readonly string[] s_attention = ["q", "k", "v"];

    /// <summary>
    /// A tower's tensors, under transformers' names (today's or those before <c>text_model.</c>) or OpenCLIP's, which store
    /// Q, K and V as one and the projection transposed.
    /// </summary>
    /// <param name="stored">The tower's tensors, by their names without the prefix.</param>
    public static MappedTensor[] Tensors(Dictionary<string, TensorEntry> stored) => [.. stored.SelectMany(t => Tensors(t.Key, t.Value))];

    /// <summary>
    /// The tower of SD 2.x, which was trained on the layer before the last: a whole tower, as published or with the
    /// projection behind its last layer, without that layer. One that was written from a diffusers folder has neither.
    /// </summary>
    public static IEnumerable<MappedTensor> Truncated(MappedTensor[] tensors)
    {
        int last = tensors.Max(t => Layer(t.Name));
        bool whole = last + 1 == PublishedLayers || tensors.Any(t => t.Name == Projection);
        return WithoutProjection(whole && last >= 0 ? tensors.Where(t => Layer(t.Name) < last) : tensors);
    }

    /// <summary>A text encoder of which only the hidden states are used.</summary>
    public static IEnumerable<MappedTensor> WithoutProjection(IEnumerable<MappedTensor> tensors) =>
        tensors.Where(t => t.Name != Projection);

    /// <summary>The configuration, from the shapes of the tensors.</summary>
    /// <param name="network">The tensors under our names.</param>
    /// <param name="activation">The tower's activation, which no shape shows.</param>
    public static ClipTextConfig Infer(ITensorSource network, string activation)
    {
        if (network.Find("text_model.embeddings.token_embedding.weight") is not { Shape: [var vocabulary, var width] }
            || network.Find("text_model.embeddings.position_embedding.weight") is not { Shape: [var positions, _] }
            || network.Find(Layers + "0.mlp.fc1.weight") is not { Shape: [var intermediate, _] })
            throw new CheckpointException(network.Path, "its text encoder lacks the tensors from which its configuration follows.");
        return new ClipTextConfig
        {
            VocabSize = (int)vocabulary,
            HiddenSize = (int)width,
            IntermediateSize = (int)intermediate,
            NumHiddenLayers = Enumerable.Range(0, network.Entries.Count)
                .TakeWhile(i => network.Find($"{Layers}{i}.mlp.fc1.weight") is not null).Count(),
            NumAttentionHeads = Math.Max((int)width / HeadWidth, 1),
            MaxPositionEmbeddings = (int)positions,
            HiddenAct = activation,
            ProjectionDim = network.Find(Projection) is { Shape: [var projected, ..] } ? (int)projected : (int)width,
            EosTokenId = HighestId,
        };
    }

    private static IEnumerable<MappedTensor> Tensors(string name, TensorEntry entry)
    {
        string ours = s_older.Any(beginning => name.StartsWith(beginning, StringComparison.Ordinal)) ? "text_model." + name : name;
        foreach ((Regex ldm, string replacement) in LdmNames.OpenClipParts) ours = ldm.Replace(ours, replacement);
        if (!ours.Contains("{0}"))
            return [new MappedTensor(ours, entry, name == OpenClipProjection ? TensorView.Transposed : TensorView.Same)];
        return s_attention.Select((part, i) => new MappedTensor(ours.Replace("{0}", part, StringComparison.Ordinal), entry)
        {
            Rows = [RowRange.Part(entry, i, s_attention.Length)],
        });
    }

    /// <summary>Index of the layer that a tensor belongs to; −1 for none.</summary>
    private static int Layer(string name)
    {
        if (!name.StartsWith(Layers, StringComparison.Ordinal)) return -1;
        ReadOnlySpan<char> rest = name.AsSpan(Layers.Length);
        int dot = rest.IndexOf('.');
        return int.TryParse(dot < 0 ? rest : rest[..dot], NumberStyles.None, CultureInfo.InvariantCulture, out int layer) ? layer : -1;
    }
}
