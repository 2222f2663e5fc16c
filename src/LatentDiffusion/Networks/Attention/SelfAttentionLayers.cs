using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>The transformer blocks of a network that have self-attention, by the published paths of its modules.</summary>
internal sealed class SelfAttentionLayers
{
    private readonly (string Path, BasicTransformerBlock Block)[] _layers;

    public SelfAttentionLayers(nn.Module network)
    {
        _layers =
        [
            .. network.named_modules()
                .Where(m => m.module is BasicTransformerBlock { HasSelfAttention: true })
                .Select(m => (m.name, (BasicTransformerBlock)m.module)),
        ];
        Paths = [.. _layers.Select(l => l.Path)];
    }

    /// <summary>Path of each block.</summary>
    public IReadOnlyList<string> Paths { get; }

    /// <summary>The blocks that are changed; null for none.</summary>
    public IReadOnlySet<BasicTransformerBlock>? Find(AttentionEdits? edits)
    {
        if (edits is null || edits.IdentityLayers.Count == 0) return null;
        var found = new HashSet<BasicTransformerBlock>(ReferenceEqualityComparer.Instance);
        foreach ((string layer, BasicTransformerBlock block) in _layers)
            if (edits.IsIdentity(layer)) found.Add(block);
        return found;
    }
}
