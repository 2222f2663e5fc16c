using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// Pixels to latents and back. Owns scaling and shift: its latents are those the denoiser works on,
/// (z − shift)·scale of the network's z. Immutable and safe for concurrent use.
/// </summary>
public interface IAutoencoder
{
    /// <summary>Number of latent channels.</summary>
    int LatentChannels { get; }

    /// <summary>How many pixels one latent spans in each direction, 8 for Stable Diffusion.</summary>
    int DownsamplingFactor { get; }

    /// <summary>Encodes pictures.</summary>
    /// <param name="images">Pixels in [−1, 1], [batch, 3, height, width]; height and width multiples of <see cref="DownsamplingFactor"/>.</param>
    LatentDistribution Encode(Tensor images);

    /// <summary>Encodes pictures, unless it is cancelled. Default: that is looked at before the beginning alone.</summary>
    /// <param name="images">Pixels as without cancellation.</param>
    /// <param name="cancellationToken">Checked before the beginning, and between parts of the work where there are several.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    LatentDistribution Encode(Tensor images, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Encode(images);
    }

    /// <summary>Decodes latents.</summary>
    /// <param name="latents">[batch, <see cref="LatentChannels"/>, height, width] in latent pixels.</param>
    /// <returns>Pixels, nominally in [−1, 1] and not clamped, [batch, 3, height·factor, width·factor].</returns>
    Tensor Decode(Tensor latents);

    /// <summary>Decodes latents, unless it is cancelled. Default: that is looked at before the beginning alone.</summary>
    /// <param name="latents">Latents as without cancellation.</param>
    /// <param name="cancellationToken">Checked before the beginning, and between parts of the work where there are several.</param>
    /// <returns>Pixels as without cancellation.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    Tensor Decode(Tensor latents, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Decode(latents);
    }
}
