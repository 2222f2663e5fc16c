using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Training;

/// <summary>
/// Perception-prioritised weights (Choi et al. 2022, equation 8): 1/(k + SNR)^γ on the error of the noise, less where
/// only imperceptible detail is left to learn. JSON kind <c>p2</c>.
/// </summary>
public sealed record P2Weighting : LossWeighting
{
    /// <summary>The exponent γ, at least 0. Default 1, the paper's.</summary>
    [Range(0.0, 100.0)]
    public double Gamma { get; init; } = 1;

    /// <summary>The offset k, above 0: bounds the weight of timesteps with little signal. Default 1, the paper's.</summary>
    [Range(0.0, double.MaxValue, MinimumIsExclusive = true)]
    public double K { get; init; } = 1;

    /// <inheritdoc />
    public override double At(NoiseSchedule schedule, PredictionType prediction, int t)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        return FromNoise(1 / Math.Pow(K + schedule.SignalToNoiseRatio(t), Gamma), schedule, prediction, t);
    }
}
