using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>The attention layers of a network that edits can change, by the published paths of its modules.</summary>
internal sealed class AttentionLayers
{
    private readonly (string Path, CrossAttention Layer)[] _self, _cross;

    public AttentionLayers(nn.Module network)
    {
        (string Path, BasicTransformerBlock Block)[] blocks =
        [
            .. network.named_modules().Where(m => m.module is BasicTransformerBlock).Select(m => (m.name, (BasicTransformerBlock)m.module)),
        ];
        // Published perturbed-attention layers are named by their block.
        _self = [.. blocks.Where(b => b.Block.SelfAttention is not null).Select(b => (b.Path, b.Block.SelfAttention!))];
        _cross = [.. blocks.Select(b => ($"{b.Path}.{BasicTransformerBlock.CrossAttentionName}", b.Block.CrossAttention))];
        SelfPaths = [.. _self.Select(l => l.Path)];
        CrossPaths = [.. _cross.Select(l => l.Path)];
        CrossWidths = [.. _cross.Select(l => l.Layer.Width)];
    }

    /// <summary>Path of each block with self-attention.</summary>
    public IReadOnlyList<string> SelfPaths { get; }

    /// <summary>Path of each layer that attends to the text.</summary>
    public IReadOnlyList<string> CrossPaths { get; }

    /// <summary>Width of each of these.</summary>
    public IReadOnlyList<int> CrossWidths { get; }

    /// <summary>The layers that are changed, and how; null for none.</summary>
    public IReadOnlyDictionary<CrossAttention, LayerEdit>? Find(AttentionEdits? edits)
    {
        if (edits is null || edits.IdentityLayers.Count == 0 && edits.AddedContext.Count == 0) return null;
        var found = new Dictionary<CrossAttention, LayerEdit>(ReferenceEqualityComparer.Instance);
        foreach ((string path, CrossAttention layer) in _self)
            if (edits.IsIdentity(path)) found.Add(layer, new LayerEdit(IsIdentity: true, []));
        foreach ((string path, CrossAttention layer) in _cross)
        {
            if (edits.AddedContext.TryGetValue(path, out IReadOnlyList<AddedContext>? tokens))
                found.Add(layer, new LayerEdit(IsIdentity: false, tokens));
        }

        return found;
    }
}
