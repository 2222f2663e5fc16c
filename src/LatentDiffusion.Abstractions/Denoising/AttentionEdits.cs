using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>Changes to a denoiser's attention for one evaluation.</summary>
public sealed record AttentionEdits
{
    /// <summary>
    /// Self-attention whose map is the identity, so that each position sees only its own value (perturbed-attention guidance, Ahn
    /// et al. 2024, section 4.1): paths of the network's modules, each standing for all layers of
    /// <see cref="DenoiserDescription.AttentionLayers"/> at or below it, such as <c>mid_block</c> or <c>up_blocks.1</c>. Default none.
    /// </summary>
    public IReadOnlyList<string> IdentityLayers { get; init; } = [];

    /// <summary>
    /// Tokens that cross-attention layers attend to in addition to the text, by the path of the layer, which is one of
    /// <see cref="DenoiserDescription.CrossAttentionLayers"/>. Default none.
    /// </summary>
    public IReadOnlyDictionary<string, IReadOnlyList<AddedContext>> AddedContext { get; init; } =
        new Dictionary<string, IReadOnlyList<AddedContext>>();

    /// <summary>Whether the edits make the map of a layer the identity.</summary>
    /// <param name="layer">Path of a self-attention layer, as in <see cref="DenoiserDescription.AttentionLayers"/>.</param>
    public bool IsIdentity(string layer) => IdentityLayers.Any(path => IsAtOrBelow(layer, path));

    /// <summary>The same edits with a function applied to each tensor that has a row for each sample.</summary>
    internal AttentionEdits Map(Func<Tensor, Tensor> function) => AddedContext.Count == 0 ? this : this with
    {
        AddedContext = AddedContext.ToDictionary(
            layer => layer.Key, IReadOnlyList<AddedContext> (layer) => [.. layer.Value.Select(tokens => Mapped(tokens, function))]),
    };

    internal static bool IsAtOrBelow(string layer, string path) =>
        layer.StartsWith(path, StringComparison.Ordinal) && (layer.Length == path.Length || layer[path.Length] == '.');

    private static AddedContext Mapped(AddedContext tokens, Func<Tensor, Tensor> function) => tokens with
    {
        Keys = function(tokens.Keys), Values = function(tokens.Values),
        Mask = tokens.Mask is { } mask && mask.shape[0] > 1 ? function(mask) : tokens.Mask,
    };
}
