namespace LatentDiffusion.Training;

/// <summary>How an autoencoder's latents become those that a denoiser sees: (z − shift)·scale.</summary>
/// <param name="Shift">Published as <c>shift_factor</c>; 0 for none.</param>
/// <param name="Scale">Published as <c>scaling_factor</c>.</param>
public sealed record LatentScaling(double Shift, double Scale)
{
    /// <summary>For latents that are as a denoiser sees them already.</summary>
    public static LatentScaling None { get; } = new(0, 1);

    /// <summary>Scaling of an autoencoder with KL regularisation.</summary>
    /// <param name="config">Its configuration.</param>
    /// <exception cref="NotSupportedException">It scales each channel by itself, which two numbers do not say.</exception>
    public static LatentScaling FromConfig(AutoencoderKLConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        if ((config.LatentsMean ?? config.LatentsStd) is not null)
            throw new NotSupportedException(
                "The autoencoder scales each channel by itself (latents_mean, latents_std): cache its latents scaled, "
                    + $"over a {nameof(LatentAutoencoder)} or a whole model.");
        return new LatentScaling(config.ShiftFactor ?? 0, config.ScalingFactor);
    }
}
