using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// What a denoiser's timesteps and outputs stand for, for guidance that works on noise levels or on predicted clean
/// samples. It is the model's, whatever the scheduler: all give the network the same scaled sample at the same timestep.
/// Immutable.
/// </summary>
public sealed class PredictionSpace
{
    // Log of sigma of each training timestep; null for flows, whose sigma is t/T.
    private readonly double[]? _logSigmas;

    /// <summary>The space of a model with a discrete schedule: x = √ᾱ_t·x_0 + √(1−ᾱ_t)·ε.</summary>
    /// <param name="schedule">The training schedule.</param>
    /// <param name="predictionType">What the denoiser predicts; flows have no such schedule.</param>
    /// <exception cref="ArgumentException"><paramref name="predictionType"/> is <see cref="PredictionType.Flow"/>.</exception>
    public PredictionSpace(NoiseSchedule schedule, PredictionType predictionType)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        if (predictionType == PredictionType.Flow) throw new ArgumentException("A flow has no discrete schedule: use PredictionSpace.Flow.", nameof(predictionType));
        PredictionType = predictionType;
        TrainingTimesteps = schedule.Timesteps;
        _logSigmas = [.. schedule.AlphasCumprod.Select(a => 0.5 * Math.Log((1 - a) / a))];
    }

    private PredictionSpace(int trainingTimesteps) => (PredictionType, TrainingTimesteps) = (PredictionType.Flow, trainingTimesteps);

    /// <summary>What the denoiser predicts.</summary>
    public PredictionType PredictionType { get; }

    /// <summary>Number of training timesteps T.</summary>
    public int TrainingTimesteps { get; }

    /// <summary>The space of a flow: x = (1 − σ)·x_0 + σ·ε with σ = t/T.</summary>
    /// <param name="trainingTimesteps">T, at least 1. Default 1000.</param>
    public static PredictionSpace Flow(int trainingTimesteps = 1000)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(trainingTimesteps, 1);
        return new PredictionSpace(trainingTimesteps);
    }

    /// <summary>The space of a model, from its scheduler's configuration.</summary>
    /// <exception cref="ArgumentException">The class has no discrete schedule and is no flow, or an option is not valid.</exception>
    public static PredictionSpace Of(SchedulerConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        NoiseScheduler scheduler = NoiseScheduler.FromConfig(config.OfKnownClass());
        return scheduler.PredictionType == PredictionType.Flow
            ? Flow(scheduler.TrainingTimesteps)
            : new PredictionSpace(config.ToNoiseSchedule(), scheduler.PredictionType);
    }

    /// <summary>
    /// The noise level of a timestep: √((1−ᾱ)/ᾱ), the ratio of noise to signal, between training timesteps log-linear; for
    /// flows t/T.
    /// </summary>
    /// <param name="timestep">In [0, T]; what lies beyond the table counts as its end.</param>
    public double SigmaOf(double timestep)
    {
        if (_logSigmas is null) return timestep / TrainingTimesteps;
        double at = Math.Clamp(timestep, 0, _logSigmas.Length - 1);
        int low = (int)at;
        double share = at - low, below = _logSigmas[low];
        // The last timestep of zero terminal SNR is infinitely noisy.
        if (share == 0) return Math.Exp(below);
        return double.IsInfinity(_logSigmas[low + 1]) ? double.PositiveInfinity : Math.Exp(double.Lerp(below, _logSigmas[low + 1], share));
    }

    /// <summary>The clean sample that a prediction means.</summary>
    /// <param name="prediction">The denoiser's output, [batch, channels, height, width].</param>
    /// <param name="latents">What the denoiser was given, [batch, channels, height, width]; channels beyond those of the prediction are not looked at.</param>
    /// <param name="timestep">The timestep.</param>
    internal Tensor ToClean(Tensor prediction, Tensor latents, double timestep)
    {
        OutputWeights weights = OutputWeights.ToClean(PredictionType, LevelOf(timestep));
        return LinearCombination.Of((weights.Sample, Noisy(latents, prediction)), (weights.Output, prediction));
    }

    /// <summary>The prediction that means a clean sample: the inverse of <see cref="ToClean"/>.</summary>
    internal Tensor FromClean(Tensor clean, Tensor latents, double timestep)
    {
        OutputWeights weights = OutputWeights.ToClean(PredictionType, LevelOf(timestep));
        return LinearCombination.Of((-weights.Sample / weights.Output, Noisy(latents, clean)), (1 / weights.Output, clean));
    }

    /// <summary>Whether predictions at a timestep tell a clean sample at all: neither pure noise read as noise, nor a sample without any.</summary>
    internal bool IsInvertible(double timestep)
    {
        OutputWeights weights = OutputWeights.ToClean(PredictionType, LevelOf(timestep));
        return double.IsFinite(weights.Sample) && double.IsFinite(weights.Output) && weights.Output != 0;
    }

    private NoiseLevel LevelOf(double timestep)
    {
        double sigma = SigmaOf(timestep);
        if (_logSigmas is null) return NoiseLevel.Flow(sigma);
        return double.IsInfinity(sigma) ? new NoiseLevel(0, 1, sigma) : NoiseLevel.VariancePreserving(sigma);
    }

    private static Tensor Noisy(Tensor latents, Tensor like) =>
        latents.shape[1] == like.shape[1] ? latents : latents.narrow(1, 0, like.shape[1]);
}
