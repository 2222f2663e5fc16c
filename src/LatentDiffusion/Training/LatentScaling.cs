namespace LatentDiffusion;

/// <summary>How an autoencoder's latents become those that a denoiser sees: (z − shift)·scale.</summary>
/// <param name="Shift">Published as <c>shift_factor</c>; 0 for none.</param>
/// <param name="Scale">Published as <c>scaling_factor</c>.</param>
public sealed record LatentScaling(double Shift, double Scale)
{
    /// <summary>That of an autoencoder with KL regularisation.</summary>
    /// <param name="config">Its configuration.</param>
    public static LatentScaling Of(AutoencoderKLConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return new LatentScaling(config.ShiftFactor ?? 0, config.ScalingFactor);
    }
}
