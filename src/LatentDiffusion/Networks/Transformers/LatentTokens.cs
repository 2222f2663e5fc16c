using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Latents as the tokens of a transformer: each square patch is one token, row by row.</summary>
/// <param name="patchSize">Side of a patch in latents.</param>
/// <param name="channelsLast">
/// Whether the values of a token are in the order (row, column, channel), and not (channel, row, column) as in FLUX.
/// </param>
internal sealed class LatentTokens(int patchSize, bool channelsLast = false)
{
    /// <summary>Cuts latents into tokens.</summary>
    /// <param name="latents">[batch, channels, height, width].</param>
    /// <returns>[batch, tokens, channels·patch²].</returns>
    /// <exception cref="ArgumentException">Height or width is not a multiple of the patch size.</exception>
    public Tensor Pack(Tensor latents)
    {
        long[] shape = latents.shape;
        if (shape[2] % patchSize != 0 || shape[3] % patchSize != 0)
        {
            throw new ArgumentException(
                $"The latents are {shape[2]} high and {shape[3]} wide; expected multiples of the patch size {patchSize}.", nameof(latents));
        }

        using DisposeScope scope = NewDisposeScope();
        // [batch, channel, row, row in patch, column, column in patch]
        return latents.reshape(shape[0], shape[1], shape[2] / patchSize, patchSize, shape[3] / patchSize, patchSize)
            .permute(channelsLast ? [0, 2, 4, 3, 5, 1] : [0, 2, 4, 1, 3, 5])
            .reshape(shape[0], shape[2] / patchSize * (shape[3] / patchSize), -1)
            .MoveToOuterDisposeScope();
    }

    /// <summary>Puts tokens together to latents.</summary>
    /// <param name="tokens">[batch, tokens, channels·patch²].</param>
    /// <param name="height">Height of the latents.</param>
    /// <param name="width">Width of the latents.</param>
    /// <returns>[batch, channels, height, width].</returns>
    public Tensor Unpack(Tensor tokens, long height, long width)
    {
        using DisposeScope scope = NewDisposeScope();
        long batch = tokens.shape[0], rows = height / patchSize, columns = width / patchSize;
        Tensor patches = channelsLast
            ? tokens.reshape(batch, rows, columns, patchSize, patchSize, -1).permute(0, 5, 1, 3, 2, 4)
            : tokens.reshape(batch, rows, columns, -1, patchSize, patchSize).permute(0, 3, 1, 4, 2, 5);
        return patches.reshape(batch, -1, height, width).MoveToOuterDisposeScope();
    }
}
