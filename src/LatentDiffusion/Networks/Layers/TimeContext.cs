using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>What the residual blocks receive in one evaluation in addition to the image.</summary>
/// <param name="Embedding">The time embedding, [batch, width], or [1, width] where all samples have the same.</param>
/// <param name="Cached">Its projections in each block as earlier evaluations left them; null to compute them again.</param>
internal sealed record TimeContext(Tensor Embedding, TimeProjections? Cached = null)
{
    /// <summary>Whether all samples of the evaluation have the same embedding.</summary>
    public bool IsCommon => Embedding.shape[0] == 1;

    /// <summary>The projection of a block, [batch or 1, channels, 1, 1].</summary>
    public Tensor Project(nn.Module block, Func<Tensor, Tensor> compute) =>
        Cached is null ? compute(Embedding) : Cached.GetOrAdd(block, () => compute(Embedding));
}
