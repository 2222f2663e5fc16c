namespace LatentDiffusion;

/// <summary>What a ControlNet reads and gives.</summary>
/// <param name="LatentChannels">Channels of the latents.</param>
/// <param name="TextWidth">Width of the hidden states.</param>
/// <param name="ResidualChannels">Channels of its residuals: see <see cref="DenoiserDescription.ControlResidualChannels"/>.</param>
/// <param name="DownsamplingFactor">How many pixels of the control image make one latent, in each direction.</param>
internal sealed record ControlNetDescription(
    int LatentChannels, int TextWidth, IReadOnlyList<int> ResidualChannels, int DownsamplingFactor)
{
    /// <summary>Number of control types of a union ControlNet, which reads several images at once; 0, the default, for others.</summary>
    public int Modes { get; init; }

    /// <summary>Refuses a ControlNet that was trained for other models.</summary>
    /// <param name="which">Which ControlNet, for the message.</param>
    /// <param name="denoiser">The denoiser that it is to control.</param>
    /// <param name="autoencoder">The autoencoder of the pipeline.</param>
    /// <exception cref="InvalidOperationException">It does not fit; the message says why.</exception>
    public void Check(string which, DenoiserDescription denoiser, IAutoencoder autoencoder)
    {
        IReadOnlyList<int> taken = denoiser.ControlResidualChannels;
        (int latents, int factor) = (autoencoder.LatentChannels, autoencoder.DownsamplingFactor);
        Refuse(taken.Count == 0, $"needs a denoiser that adds its residuals, and {denoiser.ModelName ?? "this one"} does not");
        Refuse(LatentChannels != latents, $"takes {LatentChannels} channels, and the latents have {latents}");
        Refuse(
            !ResidualChannels.SequenceEqual(taken),
            $"gives residuals of {string.Join(", ", ResidualChannels)} channels, and the denoiser takes {string.Join(", ", taken)}");
        Refuse(
            denoiser.TextWidth is { } width && TextWidth != width,
            $"takes hidden states of width {TextWidth}, and the denoiser of {denoiser.TextWidth}");
        Refuse(DownsamplingFactor != factor, $"shrinks images by {DownsamplingFactor}, and the autoencoder by {factor}");

        void Refuse(bool condition, string why)
        {
            if (condition) throw new InvalidOperationException($"The ControlNet {which} {why}.");
        }
    }
}
