namespace LatentDiffusion.Evaluation;

/// <summary>
/// A forward process and a denoiser's prediction type, at the timesteps t in [0, T): x_t = s_t·x_0 + n_t·ε, and the true
/// prediction is a_t·x_0 + b_t·ε. Immutable.
/// </summary>
public sealed class DenoisingProcess
{
    private readonly (double Signal, double Noise)[] _levels;

    private DenoisingProcess((double Signal, double Noise)[] levels, PredictionType prediction, NoiseSchedule? schedule) =>
        (_levels, PredictionType, Schedule) = (levels, prediction, schedule);

    /// <summary>Number of timesteps T.</summary>
    public int Timesteps => _levels.Length;

    /// <summary>The denoiser's prediction type.</summary>
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
        if (prediction == PredictionType.Flow)
            throw new ArgumentException("A discrete noise schedule is not a flow; use DenoisingProcess.Flow.", nameof(prediction));
        return new DenoisingProcess([.. schedule.AlphasCumprod.Select(a => (Math.Sqrt(a), Math.Sqrt(1 - a)))], prediction, schedule);
    }

    /// <summary>
    /// The straight flow from data to noise, σ_t = (t + 1)/T: s_t = 1 − σ_t, n_t = σ_t (Lipman et al. 2023; Esser et al. 2024).
    /// </summary>
    /// <param name="timesteps">T, at least 1: the number of divisions of [0, 1]; the network's timestep is σ·T. Default 1000.</param>
    public static DenoisingProcess Flow(int timesteps = 1000)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(timesteps, 1);
        return new DenoisingProcess(
            [.. Enumerable.Range(1, timesteps).Select(t => (1 - (double)t / timesteps, (double)t / timesteps))], PredictionType.Flow, null);
    }

    /// <summary>The process of a scheduler configuration, whose class need not be known to the library.</summary>
    /// <exception cref="NotSupportedException">The scheduler has neither a discrete training schedule nor a flow.</exception>
    public static DenoisingProcess Of(SchedulerConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        NoiseScheduler scheduler = NoiseScheduler.FromConfig(config.OfKnownClass());
        return scheduler.PredictionType == PredictionType.Flow ? Flow(scheduler.TrainingTimesteps)
            : scheduler.Schedule is { } schedule ? Of(schedule, scheduler.PredictionType)
            : throw new NotSupportedException(
                $"{config.ClassName} has neither a discrete training schedule nor a flow; test-set losses are measured over one of them.");
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

    /// <summary>The network's timestep input: t itself, and σ_t·T for a flow.</summary>
    /// <param name="t">Timestep in [0, T).</param>
    public double NetworkTimestep(int t) => PredictionType == PredictionType.Flow ? t + 1 : t;

    /// <summary>
    /// The estimate of x_0 from a prediction, as c_x·x_t + c_p·prediction. An error e of the prediction becomes c_p·e in x_0.
    /// </summary>
    /// <param name="t">Timestep in [0, T).</param>
    /// <exception cref="NotSupportedException">x_t is pure noise and the prediction is noise, which does not determine x_0.</exception>
    public (double Noisy, double Prediction) CleanEstimate(int t)
    {
        (double signal, double noise) = Level(t);
        (double clean, double predictedNoise) = Target(t);
        double determinant = predictedNoise * signal - noise * clean;
        return determinant == 0
            ? throw new NotSupportedException(
                $"At timestep {t} a prediction of {PredictionType} does not determine the sample: the signal's weight is {signal}.")
            : (predictedNoise / determinant, -noise / determinant);
    }
}
