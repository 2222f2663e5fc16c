using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>Finds the self-attention of a network's transformer blocks by the published paths of its modules.</summary>
internal static class SelfAttentionLayers
{
    // What perturbed-attention guidance is published with, beside the paths themselves.
    private static readonly (string Short, string Path)[] s_short = [("mid", "mid_block"), ("down", "down_blocks"), ("up", "up_blocks")];

    /// <summary>The blocks at or below each path.</summary>
    /// <exception cref="ArgumentException">There is none below one of them.</exception>
    public static IReadOnlySet<BasicTransformerBlock> Find(nn.Module network, IReadOnlyList<string> paths)
    {
        (string Path, BasicTransformerBlock Block)[] all =
            [.. network.named_modules().Where(m => m.module is BasicTransformerBlock { HasSelfAttention: true }).Select(m => (m.name, (BasicTransformerBlock)m.module))];
        var found = new HashSet<BasicTransformerBlock>(ReferenceEqualityComparer.Instance);
        foreach (string path in paths)
        {
            string full = s_short.FirstOrDefault(s => s.Short == path).Path ?? path;
            BasicTransformerBlock[] below = [.. all.Where(l => IsBelow(l.Path, full)).Select(l => l.Block)];
            if (below.Length == 0)
                throw new ArgumentException($"The network has no self-attention below '{MessageText.Cut(path, 100)}'; it has {(all.Length == 0 ? "none at all" : MessageText.List([.. all.Select(l => l.Path)]))}.", nameof(paths));
            found.UnionWith(below);
        }

        return found;
    }

    private static bool IsBelow(string path, string ancestor) =>
        path.StartsWith(ancestor, StringComparison.Ordinal) && (path.Length == ancestor.Length || path[ancestor.Length] == '.');
}
