using System.Text.Json.Serialization;

namespace LatentDiffusion.Training;

/// <summary>
/// How much each timestep's squared error counts in a denoiser's loss. The rules of the literature weigh the error of
/// the noise; the errors of the other predictions are that error scaled, ‖ε−ε̂‖² = SNR·‖x_0−x̂_0‖² = ᾱ·‖v−v̂‖², so that one
/// rule is one loss whatever the network predicts. Implement it for a rule of your own.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(UniformWeighting), "uniform")]
[JsonDerivedType(typeof(VariationalWeighting), "variational")]
[JsonDerivedType(typeof(MinSnrWeighting), "min_snr")]
[JsonDerivedType(typeof(DebiasedWeighting), "debiased")]
[JsonDerivedType(typeof(P2Weighting), "p2")]
public abstract record LossWeighting
{
    /// <summary>The weight of the mean squared error of a prediction, at least 0.</summary>
    /// <param name="schedule">The forward process.</param>
    /// <param name="prediction">The network's prediction type: noise, velocity or sample.</param>
    /// <param name="t">Timestep in [0, T).</param>
    public abstract double At(NoiseSchedule schedule, PredictionType prediction, int t);

    /// <summary>A weight of the noise's error as one of the prediction's error.</summary>
    /// <param name="ofNoise">The weight of ‖ε−ε̂‖².</param>
    /// <param name="schedule">The forward process.</param>
    /// <param name="prediction">The network's prediction type.</param>
    /// <param name="t">Timestep in [0, T).</param>
    /// <exception cref="ArgumentException">The prediction is a flow, which has no discrete schedule.</exception>
    protected static double FromNoise(double ofNoise, NoiseSchedule schedule, PredictionType prediction, int t)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        return prediction switch
        {
            PredictionType.Epsilon => ofNoise,
            PredictionType.Velocity => ofNoise * schedule.AlphasCumprod[t],
            PredictionType.Sample => ofNoise * schedule.SignalToNoiseRatio(t),
            _ => throw new ArgumentException(
                $"{prediction} has no weight by timestep; expected Epsilon, Velocity or Sample.", nameof(prediction)),
        };
    }
}
