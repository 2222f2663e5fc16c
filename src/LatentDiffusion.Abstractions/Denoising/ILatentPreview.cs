using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A cheap way from latents to a rough picture, for watching a generation. Immutable and safe for concurrent use.</summary>
public interface ILatentPreview
{
    /// <summary>Makes rough pictures.</summary>
    /// <param name="latents">The denoiser's latents, [batch, channels, height, width].</param>
    /// <returns>Pixels, nominally in [−1, 1] and not clamped, [batch, 3, any height, any width].</returns>
    Tensor Decode(Tensor latents);
}
