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

    /// <summary>Whether the edits make the map of a layer the identity.</summary>
    /// <param name="layer">Path of a self-attention layer, as in <see cref="DenoiserDescription.AttentionLayers"/>.</param>
    public bool IsIdentity(string layer) => IdentityLayers.Any(path => IsAtOrBelow(layer, path));

    internal static bool IsAtOrBelow(string layer, string path) =>
        layer.StartsWith(path, StringComparison.Ordinal) && (layer.Length == path.Length || layer[path.Length] == '.');
}
