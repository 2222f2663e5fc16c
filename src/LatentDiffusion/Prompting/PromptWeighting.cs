using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Prompting;

/// <summary>
/// Applies the weights of tokens to the output of a text tower: each hidden state is multiplied by its token's weight, and the
/// window then scaled so that the mean of its values stays the same, as Stable Diffusion web UI does.
/// </summary>
internal static class PromptWeighting
{
    /// <summary>The weighted states. Where every weight is 1 they stay bit for bit the same.</summary>
    /// <param name="hidden">[batch, tokens, width].</param>
    /// <param name="windows">The window of each row of the batch.</param>
    /// <returns>A new tensor, or <paramref name="hidden"/> itself if all weights are 1.</returns>
    public static Tensor Apply(Tensor hidden, IReadOnlyList<PromptChunk> windows)
    {
        if (windows.All(w => w.IsPlain)) return hidden;
        using DisposeScope scope = NewDisposeScope();
        return cat([.. windows.Select((window, i) => Weigh(hidden.narrow(0, i, 1), window))]).MoveToOuterDisposeScope();
    }

    private static Tensor Weigh(Tensor row, PromptChunk window)
    {
        if (window.IsPlain) return row;
        Tensor weights = tensor(window.Weights, dtype: ScalarType.Float64, device: row.device).view(1, -1, 1);
        // In double precision, for the mean is a small difference of large sums.
        Tensor before = row.to(ScalarType.Float64), after = before * weights, ratio = before.mean() / after.mean();
        return (after * where(isfinite(ratio), ratio, ones_like(ratio))).to(row.dtype);
    }
}
