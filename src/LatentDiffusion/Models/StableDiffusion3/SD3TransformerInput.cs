using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>What <see cref="SD3Transformer2DModel"/> is evaluated on.</summary>
/// <param name="Latents">Noisy latents, [batch, channels, height, width].</param>
/// <param name="Timesteps">Noise levels times 1000, [batch] or [1].</param>
/// <param name="HiddenStates">The text, [batch, tokens, width].</param>
/// <param name="Pooled">The pooled text, [batch, width].</param>
public sealed record SD3TransformerInput(Tensor Latents, Tensor Timesteps, Tensor HiddenStates, Tensor Pooled)
{
    /// <summary>Indices of blocks that are not evaluated: their input is their output. Default none.</summary>
    public IReadOnlyCollection<int> SkippedBlocks { get; init; } = [];
}
