using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>Turns latents into a rough image cheaply, for watching a generation. Immutable and safe for concurrent use.</summary>
public interface ILatentPreview
{
    /// <summary>Makes rough images.</summary>
    /// <param name="latents">The denoiser's latents, [batch, channels, height, width].</param>
    /// <returns>Pixels, nominally in [−1, 1] and not clamped, [batch, 3, any height, any width].</returns>
    Tensor Decode(Tensor latents);

    /// <summary>Whether it decodes latents with this number of channels. Checked when a pipeline is built. Default true.</summary>
    /// <param name="channels">Channels of the denoiser's latents.</param>
    bool Supports(int channels) => true;
}
