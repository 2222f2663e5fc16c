namespace LatentDiffusion.Evaluation;

/// <summary>
/// The forward process that a denoiser undoes and what it predicts of it, at the timesteps t in [0, T): x_t = s_t·x_0 + n_t·ε,
/// and the prediction stands for a_t·x_0 + b_t·ε. Immutable.
/// </summary>
public sealed class DenoisingProcess
{
    private readonly (double Signal, double Noise)[] _levels;

    private DenoisingProcess((double Signal, double Noise)[] levels, PredictionType prediction, NoiseSchedule? schedule) =>
        (_levels, PredictionType, Schedule) = (levels, prediction, schedule);

    /// <summary>Number of timesteps T.</summary>
    public int Timesteps => _levels.Length;

    /// <summary>What the denoiser predicts.</summary>
    public PredictionType PredictionType { get; }

    /// <summary>The discrete schedule; null for a flow.</summary>
    public NoiseSchedule? Schedule { get; }

    /// <summary>The process of a discrete schedule: s_t = √ᾱ_t, n_t = √(1 − ᾱ_t) (Ho et al. 2020, equation 4).</summary>
    /// <param name="schedule">The training schedule.</param>
    /// <param name="prediction">Epsilon, Velocity or Sample.</param>
    /// <exception cref="ArgumentException">The prediction is a flow.</exception>
    public static DenoisingProcess Of(NoiseSchedule schedule, PredictionType prediction)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        if (prediction == PredictionType.Flow) throw new ArgumentException("A discrete noise schedule has no flow; use DenoisingProcess.Flow.", nameof(prediction));
        return new DenoisingProcess([.. schedule.AlphasCumprod.Select(a => (Math.Sqrt(a), Math.Sqrt(1 - a)))], prediction, schedule);
    }

    /// <summary>The straight flow from data to noise, σ_t = (t + 1)/T: s_t = 1 − σ_t, n_t = σ_t (Lipman et al. 2023; Esser et al. 2024).</summary>
    /// <param name="timesteps">T, at least 1: how finely [0, 1] is divided, and what the network's timestep σ·T is a multiple of. Default 1000.</param>
    public static DenoisingProcess Flow(int timesteps = 1000)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(timesteps, 1);
        return new DenoisingProcess(
            [.. Enumerable.Range(1, timesteps).Select(t => (1 - (double)t / timesteps, (double)t / timesteps))], PredictionType.Flow, null);
    }

    /// <summary>The process of a model by its scheduler's configuration, whose class may be one that the library does not have.</summary>
    /// <exception cref="NotSupportedException">The scheduler has neither a discrete training schedule nor a flow.</exception>
    public static DenoisingProcess Of(SchedulerConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        NoiseScheduler scheduler = NoiseScheduler.FromConfig(config.OfKnownClass());
        return scheduler.PredictionType == PredictionType.Flow ? Flow(scheduler.TrainingTimesteps)
            : scheduler.Schedule is { } schedule ? Of(schedule, scheduler.PredictionType)
            : throw new NotSupportedException($"A {config.ClassName} has neither a discrete training schedule nor a flow, which test-set losses are measured over.");
    }

    /// <summary>s_t and n_t.</summary>
    /// <param name="t">Timestep in [0, T).</param>
    public (double Signal, double Noise) Level(int t)
    {
        if (t < 0 || t >= Timesteps) throw new ArgumentOutOfRangeException(nameof(t), t, $"A timestep is in [0, {Timesteps}).");
        return _levels[t];
    }

    /// <summary>a_t and b_t.</summary>
    /// <param name="t">Timestep in [0, T).</param>
    public (double Clean, double Noise) Target(int t)
    {
        (double signal, double noise) = Level(t);
        return PredictionType switch
        {
            PredictionType.Epsilon => (0, 1),
            PredictionType.Sample => (1, 0),
            PredictionType.Velocity => (-noise, signal),
            _ => (-1, 1),
        };
    }

    /// <summary>What the network is told of a timestep: t itself, and σ_t·T for a flow.</summary>
    /// <param name="t">Timestep in [0, T).</param>
    public double NetworkTimestep(int t) => PredictionType == PredictionType.Flow ? t + 1 : t;

    /// <summary>
    /// The estimate of x_0 that a prediction makes, as c_x·x_t + c_p·prediction. An error e of the prediction is one of
    /// c_p·e in x_0.
    /// </summary>
    /// <param name="t">Timestep in [0, T).</param>
    /// <exception cref="NotSupportedException">The prediction says nothing about x_0: noise, where x_t is pure noise.</exception>
    public (double Noisy, double Prediction) CleanEstimate(int t)
    {
        (double signal, double noise) = Level(t);
        (double clean, double predictedNoise) = Target(t);
        double determinant = predictedNoise * signal - noise * clean;
        return determinant == 0
            ? throw new NotSupportedException($"At timestep {t} a prediction of {PredictionType} says nothing about the sample: the signal's share there is {signal}.")
            : (predictedNoise / determinant, -noise / determinant);
    }
}
