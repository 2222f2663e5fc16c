namespace LatentDiffusion;

/// <summary>
/// A scheduler of the library, made from a published <c>scheduler_config.json</c>. Schedulers of your own implement
/// <see cref="INoiseScheduler"/>.
/// </summary>
public abstract class NoiseScheduler : INoiseScheduler
{
    private SchedulerConfig _config = SchedulerConfig.Empty;

    private protected NoiseScheduler()
    {
    }

    /// <inheritdoc/>
    public PredictionType PredictionType { get; private protected init; }

    /// <inheritdoc/>
    public int TrainingTimesteps { get; private protected init; }

    /// <inheritdoc/>
    public int EvaluationsPerStep { get; private protected init; } = 1;

    /// <summary>The schedule that the model was trained with; null for classes whose noise levels are continuous.</summary>
    public NoiseSchedule? Schedule { get; private protected init; }

    /// <summary>What this scheduler understands of <see cref="SamplingOptions"/>.</summary>
    private protected virtual SamplingFeatures Features => SamplingFeatures.None;

    /// <summary>Makes the scheduler that a configuration names.</summary>
    /// <param name="json">The text of a <c>scheduler_config.json</c>; its <c>_class_name</c> chooses the class.</param>
    /// <exception cref="ArgumentException">The text, the class or an option is not valid; the message names it.</exception>
    public static NoiseScheduler FromConfig(string json) => FromConfig(SchedulerConfig.Parse(json));

    /// <summary>Makes the scheduler that a configuration names.</summary>
    /// <param name="config">A configuration with a <see cref="SchedulerConfig.ClassName"/>.</param>
    /// <exception cref="ArgumentException">The class or an option is not valid; the message names it.</exception>
    public static NoiseScheduler FromConfig(SchedulerConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return SchedulerClasses.Create(config.ClassName ?? throw new ArgumentException("The scheduler configuration has no '_class_name'."), config);
    }

    /// <summary>The configuration, with every option of the class. <see cref="FromConfig(SchedulerConfig)"/> makes the same scheduler from it.</summary>
    public SchedulerConfig ToConfig() => _config;

    /// <summary>The same without what the class does not read: bookkeeping, and other classes' options.</summary>
    internal SchedulerConfig OwnConfig { get; private set; } = SchedulerConfig.Empty;

    /// <summary>Options of the configuration that ask for something and that the class does not have.</summary>
    internal IReadOnlyList<string> IgnoredOptions { get; private set; } = [];

    /// <inheritdoc/>
    public ISchedulerRun Start(SamplingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Refuse(options.Timesteps is not null && options.Sigmas is not null, "Timesteps and Sigmas are both given; give one of them");
        RefuseUnlessUnderstood(options.Timesteps, SamplingFeatures.Timesteps, nameof(options.Timesteps));
        RefuseUnlessUnderstood(options.Sigmas, SamplingFeatures.Sigmas, nameof(options.Sigmas));
        RefuseUnlessUnderstood(options.Eta, SamplingFeatures.Eta, nameof(options.Eta));
        RefuseUnlessUnderstood(options.Churn is { Churn: > 0 } churn ? churn : null, SamplingFeatures.Churn, nameof(options.Churn));
        RefuseUnlessUnderstood(options.Mu, SamplingFeatures.Mu, nameof(options.Mu));
        Refuse(options.Eta is < 0 or > 1 or double.NaN, $"Eta is in [0, 1], not {options.Eta}");
        Refuse(options.BeginIndex < 0, $"BeginIndex is at least 0, not {options.BeginIndex}");
        // A record's comparisons are false for what is not a number.
        Refuse(
            options.Churn is { } given && !(given is { Churn: >= 0, MinimumSigma: >= 0, NoiseScale: >= 0 } && given.MaximumSigma >= given.MinimumSigma),
            $"Churn is {options.Churn}; its numbers are at least 0, and MaximumSigma at least MinimumSigma");
        CheckPoints(options.Timesteps, nameof(options.Timesteps), 0);
        // A flow begins at T itself.
        Refuse(
            Schedule is not null && PredictionType != PredictionType.Flow && options.Timesteps?[0] >= TrainingTimesteps,
            $"Timesteps are below {TrainingTimesteps}, and the first is {options.Timesteps?[0]}");
        CheckPoints(options.Sigmas, nameof(options.Sigmas), double.Epsilon);
        if (options.Timesteps is null && options.Sigmas is null)
        {
            Refuse(options.Steps < 1, $"Steps is at least 1, not {options.Steps}");
            Refuse(Features.HasFlag(SamplingFeatures.AtMostAllSteps) && options.Steps > TrainingTimesteps, $"Steps is at most the {TrainingTimesteps} training timesteps, not {options.Steps}");
        }

        Refuse(options.Noise is null && NeedsNoise(options), "Noise is missing, and this sampler draws some");
        return CreateRun(options);
    }

    /// <summary>Whether a run with these options draws noise.</summary>
    private protected virtual bool NeedsNoise(SamplingOptions options) => false;

    /// <summary>Makes the run for options that were checked.</summary>
    private protected abstract ISchedulerRun CreateRun(SamplingOptions options);

    /// <summary>Ends a constructor: all options are read.</summary>
    private protected void Complete(OptionReader options)
    {
        _config = options.Complete();
        IgnoredOptions = options.Ignored;
        OwnConfig = _config.Only(options.Known);
    }

    /// <summary>Custom timesteps that index a discrete schedule.</summary>
    private protected double[] IntegerTimesteps(IReadOnlyList<double> timesteps)
    {
        Refuse(timesteps.Any(t => t != Math.Round(t)), "Timesteps are integers");
        return [.. timesteps];
    }

    private protected void Refuse(bool condition, string why)
    {
        if (condition) throw new ArgumentException($"{GetType().Name}: {why}.", "options");
    }

    private void RefuseUnlessUnderstood(object? value, SamplingFeatures feature, string name) =>
        Refuse(value is not null && !Features.HasFlag(feature), $"{name} has no meaning for this sampler");

    private void CheckPoints(IReadOnlyList<double>? points, string name, double min)
    {
        if (points is null) return;
        Refuse(points.Count == 0, $"{name} is empty");
        for (int i = 0; i < points.Count; i++)
        {
            Refuse(!(points[i] >= min && double.IsFinite(points[i])), $"{name}[{i}] is {points[i]}");
            // Runs keep them in single precision, and a step between two equal levels divides by zero.
            if (i > 0) Refuse((float)points[i] >= (float)points[i - 1], $"{name} descend in single precision, and {points[i]} follows {points[i - 1]}");
        }
    }
}
