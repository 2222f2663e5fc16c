using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>How FLUX.1 joins its texts.</summary>
internal static class FluxText
{
    private const int Axes = 3;

    /// <summary>T5's hidden states, and the pooled text of CLIP.</summary>
    /// <param name="t5">[batch, tokens, width].</param>
    /// <param name="pooled">[batch, width].</param>
    /// <returns>The conditioning, which takes the tensors over.</returns>
    public static Conditioning Join(Tensor t5, Tensor pooled) => new(t5, pooled.to(t5.device));

    /// <summary>The positions of tokens, all 0, [tokens, 3].</summary>
    public static Tensor Positions(long tokens) => zeros([tokens, Axes]);
}
