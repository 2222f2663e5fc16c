using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Training;

/// <summary>
/// Min-SNR-γ (Hang et al. 2023, section 3.4): min(SNR, γ) on the error of the sample, which is min(SNR, γ)/SNR on that of
/// the noise and min(SNR, γ)/(SNR + 1) on that of the velocity. Timesteps of little noise no longer outweigh the others.
/// JSON kind <c>min_snr</c>.
/// </summary>
public sealed record MinSnrWeighting : LossWeighting
{
    /// <summary>The bound γ, above 0. Default 5, the paper's.</summary>
    [Range(0.0, double.MaxValue, MinimumIsExclusive = true)]
    public double Gamma { get; init; } = 5;

    /// <inheritdoc />
    public override double At(NoiseSchedule schedule, PredictionType prediction, int t)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        // For the noise it is 1 at SNR 0, the limit of min(SNR, γ)/SNR.
        double snr = schedule.SignalToNoiseRatio(t), ofNoise = snr <= Gamma ? 1 : Gamma / snr;
        return FromNoise(ofNoise, schedule, prediction, t);
    }
}
