namespace LatentDiffusion.Training;

/// <summary>
/// Debiased estimation (Yu et al. 2024, "Unmasking Bias in Diffusion Model Training"): 1/√SNR on the error of the
/// noise. Not finite at SNR 0 (zero terminal SNR) for a network that predicts the noise. JSON kind
/// <c>debiased</c>.
/// </summary>
public sealed record DebiasedWeighting : LossWeighting
{
    /// <inheritdoc />
    public override double At(NoiseSchedule schedule, PredictionType prediction, int t)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        double alphaBar = schedule.AlphasCumprod[t], snr = schedule.SignalToNoiseRatio(t);
        return prediction switch
        {
            // The products, finite at a signal of 0: ᾱ/√SNR = √(ᾱ·(1−ᾱ)), and SNR/√SNR = √SNR.
            PredictionType.Velocity => Math.Sqrt(alphaBar * (1 - alphaBar)),
            PredictionType.Sample => Math.Sqrt(snr),
            _ => FromNoise(1 / Math.Sqrt(snr), schedule, prediction, t),
        };
    }
}
