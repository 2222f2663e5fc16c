using static TorchSharp.torch;

namespace LatentDiffusion.Schedulers;

/// <summary>
/// What a model's timesteps and predictions mean: the noise level of a timestep, what the network was trained to predict
/// there, and the clean sample and the noise that a prediction means. It belongs to the model and does not depend on the
/// scheduler: all schedulers give the network the same scaled sample at the same timestep. Immutable.
/// </summary>
public sealed partial class DiffusionProcess
{
    /// <summary>The process of a model with a discrete schedule: x_t = √ᾱ_t·x_0 + √(1−ᾱ_t)·ε (Ho et al. 2020, equation 4).</summary>
    /// <param name="schedule">The training schedule.</param>
    /// <param name="predictionType">Prediction of the network: Epsilon, Sample or Velocity.</param>
    /// <exception cref="ArgumentException"><paramref name="predictionType"/> is <see cref="PredictionType.Flow"/>.</exception>
    public DiffusionProcess(NoiseSchedule schedule, PredictionType predictionType)
        : this(schedule ?? throw new ArgumentNullException(nameof(schedule)), schedule.Timesteps, predictionType)
    {
        if (predictionType == PredictionType.Flow)
            throw new ArgumentException("A flow has no discrete schedule: use DiffusionProcess.Flow.", nameof(predictionType));
    }

    /// <summary>Any combination of options of a scheduler.</summary>
    internal DiffusionProcess(NoiseSchedule? schedule, int trainingTimesteps, PredictionType predictionType) =>
        (Schedule, TrainingTimesteps, PredictionType) = (schedule, trainingTimesteps, predictionType);

    /// <summary>Prediction of the network.</summary>
    public PredictionType PredictionType { get; }

    /// <summary>Number of training timesteps T.</summary>
    public int TrainingTimesteps { get; }

    /// <summary>The training schedule; null for flows, which do not have a discrete one.</summary>
    public NoiseSchedule? Schedule { get; }

    /// <summary>
    /// The process of a flow: x = (1 − σ)·x_0 + σ·ε with σ = t/T (Lipman et al. 2023; Esser et al. 2024). The network predicts
    /// ε − x_0.
    /// </summary>
    /// <param name="trainingTimesteps">T, at least 1. Default 1000.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="trainingTimesteps"/> is less than 1.</exception>
    public static DiffusionProcess Flow(int trainingTimesteps = 1000)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(trainingTimesteps, 1);
        return new DiffusionProcess(null, trainingTimesteps, PredictionType.Flow);
    }

    /// <summary>The process of a model by the configuration of its scheduler, whose class may be unknown to the library.</summary>
    /// <exception cref="NotSupportedException">The class has neither a discrete training schedule nor a flow.</exception>
    /// <exception cref="ArgumentException">An option is not valid.</exception>
    public static DiffusionProcess FromConfig(SchedulerConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        NoiseScheduler scheduler = NoiseScheduler.FromConfig(config.WithKnownClass());
        return scheduler.PredictionType == PredictionType.Flow ? Flow(scheduler.TrainingTimesteps)
            : scheduler.Schedule is { } schedule ? new DiffusionProcess(schedule, scheduler.PredictionType)
            : throw new NotSupportedException($"{config.ClassName} has neither a discrete training schedule nor a flow.");
    }

    /// <summary>The network's timestep input at an index of the training schedule: t itself, and t + 1 for flows.</summary>
    /// <param name="t">In [0, T).</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="t"/> is not in [0, T).</exception>
    public double NetworkTimestep(int t)
    {
        if (t < 0 || t >= TrainingTimesteps)
            throw new ArgumentOutOfRangeException(nameof(t), t, $"A timestep of this process is in [0, {TrainingTimesteps}).");
        return Schedule is null ? t + 1 : t;
    }

    /// <summary>
    /// σ of a timestep: √((1−ᾱ)/ᾱ), the ratio of noise to signal, interpolated log-linearly between training timesteps; for
    /// flows the fraction of noise t/T.
    /// </summary>
    /// <param name="timestep">In [0, T]; values beyond the schedule count as its end.</param>
    public double SigmaAt(double timestep)
    {
        if (Schedule is null) return timestep / TrainingTimesteps;
        double at = Math.Clamp(timestep, 0, TrainingTimesteps - 1);
        int low = (int)at;
        double share = at - low, below = LogSigma(low);
        if (share == 0) return Math.Exp(below);
        double above = LogSigma(low + 1);
        // The last timestep of zero terminal SNR is infinitely noisy.
        return double.IsInfinity(above) ? double.PositiveInfinity : Math.Exp(double.Lerp(below, above, share));
    }

    /// <summary>α and σ of a timestep.</summary>
    /// <param name="timestep">In [0, T]; values beyond the schedule count as its end.</param>
    public NoiseLevel LevelAt(double timestep)
    {
        if (Schedule is null) return NoiseLevel.Flow(SigmaAt(timestep));
        double at = Math.Clamp(timestep, 0, TrainingTimesteps - 1);
        return at == (int)at ? NoiseLevel.FromAlphaBar(Schedule.AlphasCumprod[(int)at]) : NoiseLevel.VariancePreserving(SigmaAt(at));
    }

    /// <summary>The training target for x = α·x_0 + σ·ε, as weights of x_0 and of ε.</summary>
    /// <param name="at">The noise level.</param>
    public (double Clean, double Noise) TargetWeights(NoiseLevel at) => PredictionType switch
    {
        PredictionType.Epsilon => (0, 1),
        PredictionType.Sample => (1, 0),
        PredictionType.Velocity => (-at.Sigma, at.Alpha),
        _ => (-1, 1),
    };

    /// <summary>The clean sample x_0 that a prediction means. Not finite where noise is predicted from pure noise.</summary>
    /// <param name="at">The noise level.</param>
    public PredictionWeights CleanWeights(NoiseLevel at) => PredictionType switch
    {
        PredictionType.Epsilon => new(1 / at.Alpha, -at.Sigma / at.Alpha),
        PredictionType.Sample => new(0, 1),
        PredictionType.Velocity => new(at.Alpha, -at.Sigma),
        _ => new(1, -at.Level),
    };

    /// <summary>The noise ε that a prediction means. Not finite where the clean sample is predicted from a clean one.</summary>
    /// <param name="at">The noise level.</param>
    public PredictionWeights NoiseWeights(NoiseLevel at) => PredictionType switch
    {
        PredictionType.Epsilon => new(0, 1),
        PredictionType.Sample => new(1 / at.Sigma, -at.Alpha / at.Sigma),
        PredictionType.Velocity => new(at.Sigma, at.Alpha),
        _ => new((1 - at.Alpha) / at.Sigma, at.Alpha * at.Level / at.Sigma),
    };

    /// <summary>The clean sample of a prediction, as a new tensor.</summary>
    /// <param name="prediction">The network's output, [batch, channels, height, width].</param>
    /// <param name="noisy">The noisy sample x = α·x_0 + σ·ε; channels beyond those of the prediction are ignored.</param>
    /// <param name="at">α and σ.</param>
    public Tensor ToClean(Tensor prediction, Tensor noisy, NoiseLevel at) => Sum(CleanWeights(at), noisy, prediction);

    /// <summary>The noise of a prediction, as a new tensor.</summary>
    /// <inheritdoc cref="ToClean(Tensor, Tensor, NoiseLevel)"/>
    public Tensor ToNoise(Tensor prediction, Tensor noisy, NoiseLevel at) => Sum(NoiseWeights(at), noisy, prediction);

    /// <summary>
    /// The prediction for a clean sample, as a new tensor: the inverse of <see cref="ToClean(Tensor, Tensor, NoiseLevel)"/>.
    /// </summary>
    /// <param name="clean">The clean sample, [batch, channels, height, width].</param>
    /// <param name="noisy">The noisy sample x = α·x_0 + σ·ε; channels beyond those of the clean one are ignored.</param>
    /// <param name="at">α and σ, for which <see cref="CleanWeights"/> must be invertible.</param>
    public Tensor FromClean(Tensor clean, Tensor noisy, NoiseLevel at)
    {
        PredictionWeights weights = CleanWeights(at);
        return Sum(new(-weights.Noisy / weights.Prediction, 1 / weights.Prediction), noisy, clean);
    }

    private static Tensor Sum(PredictionWeights weights, Tensor noisy, Tensor prediction)
    {
        ArgumentNullException.ThrowIfNull(noisy);
        ArgumentNullException.ThrowIfNull(prediction);
        if (noisy.shape[1] == prediction.shape[1])
            return LinearCombination.Compute((weights.Noisy, noisy), (weights.Prediction, prediction));
        using Tensor latents = noisy.narrow(1, 0, prediction.shape[1]);
        return LinearCombination.Compute((weights.Noisy, latents), (weights.Prediction, prediction));
    }

    private double LogSigma(int t)
    {
        double alphaBar = Schedule!.AlphasCumprod[t];
        return 0.5 * Math.Log((1 - alphaBar) / alphaBar);
    }
}
