namespace LatentDiffusion.Schedulers;

/// <summary>
/// A scheduler of the library, created from a published <c>scheduler_config.json</c>. Custom schedulers implement
/// <see cref="INoiseScheduler"/>.
/// </summary>
public abstract class NoiseScheduler : INoiseScheduler
{
    private SchedulerConfig _config = SchedulerConfig.Empty;
    private DiffusionProcess? _process;

    private protected NoiseScheduler()
    {
    }

    /// <inheritdoc/>
    public PredictionType PredictionType { get; private protected init; }

    /// <inheritdoc/>
    public int TrainingTimesteps { get; private protected init; }

    /// <summary>The schedule that the model was trained with; null for classes whose noise levels are continuous.</summary>
    public NoiseSchedule? Schedule { get; private protected init; }

    /// <summary>The meaning of the model's output, for models other than EDM's. Read it after the constructor has set the parts.</summary>
    private protected DiffusionProcess Process => _process ??= new DiffusionProcess(Schedule, TrainingTimesteps, PredictionType);

    /// <summary>How many evaluations of the denoiser a step takes.</summary>
    private protected int EvaluationsPerStep { get; init; } = 1;

    /// <summary>How μ follows from the size of the latents; null for schedulers that do not shift dynamically.</summary>
    private protected DynamicShift? DynamicShift { get; init; }

    /// <summary>The supported members of <see cref="SamplingOptions"/>.</summary>
    private protected virtual SamplingFeatures Features => SamplingFeatures.None;

    /// <summary>Creates the scheduler that a configuration names.</summary>
    /// <param name="json">The text of a <c>scheduler_config.json</c>; its <c>_class_name</c> chooses the class.</param>
    /// <exception cref="ArgumentException">The text, the class or an option is not valid; the message names it.</exception>
    public static NoiseScheduler FromConfig(string json) => FromConfig(SchedulerConfig.Parse(json));

    /// <summary>Creates the scheduler that a configuration names.</summary>
    /// <param name="config">A configuration with a <see cref="SchedulerConfig.ClassName"/>.</param>
    /// <exception cref="ArgumentException">The class or an option is not valid; the message names it.</exception>
    public static NoiseScheduler FromConfig(SchedulerConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        string name = config.ClassName ?? throw new ArgumentException("The scheduler configuration has no '_class_name'.");
        return SchedulerClasses.Create(name, config);
    }

    /// <summary>
    /// The configuration, with every option of the class. <see cref="FromConfig(SchedulerConfig)"/> makes the same scheduler
    /// from it.
    /// </summary>
    public SchedulerConfig ToConfig() => _config;

    /// <summary>The same without options that the class does not read: bookkeeping, and other classes' options.</summary>
    internal SchedulerConfig OwnConfig { get; private set; } = SchedulerConfig.Empty;

    /// <summary>Options of the configuration that ask for something and that the class does not have.</summary>
    public IReadOnlyList<string> IgnoredOptions { get; private set; } = [];

    /// <inheritdoc/>
    /// <remarks>Without what the class does not read.</remarks>
    public string? Configuration => OwnConfig.ToText();

    /// <inheritdoc/>
    public SamplingPlan Plan(SamplingOptions options, LatentShape shape)
    {
        ArgumentNullException.ThrowIfNull(options);
        Check(options);
        if (DynamicShift is { } shift && options.Mu is null)
        {
            int side = shift.PatchSize, tokens = shape.Tokens(side);
            Refuse(tokens < 1, $"{shape} holds no token of {side} x {side} latents, on whose number use_dynamic_shifting depends");
            options = options with { Mu = shift.MuFor(tokens, options.Sigmas?.Count ?? options.Timesteps?.Count ?? options.Steps) };
        }

        SamplingGrid grid = MakeGrid(options);
        return new SamplingPlan(options, grid.Timesteps, grid.Sigmas, EvaluationsPerStep) { InitialNoiseSigma = grid.InitialSigma };
    }

    /// <inheritdoc/>
    public ISchedulerRun Start(SamplingPlan plan, INoiseSource? noise = null)
    {
        ArgumentNullException.ThrowIfNull(plan);
        if (plan.EvaluationsPerStep != EvaluationsPerStep)
        {
            throw new ArgumentException(
                $"{GetType().Name} evaluates {EvaluationsPerStep} times a step, and the plan {plan.EvaluationsPerStep} times.",
                nameof(plan));
        }

        if (noise is null && DrawsNoise(plan))
            throw new ArgumentException($"{GetType().Name} draws noise, and no source is given.", nameof(noise));
        return CreateRun(plan, noise);
    }

    /// <summary>Whether a run of this plan draws noise.</summary>
    private protected virtual bool DrawsNoise(SamplingPlan plan) => false;

    /// <summary>Chooses timesteps and noise levels for options that were checked.</summary>
    private protected abstract SamplingGrid MakeGrid(SamplingOptions options);

    /// <summary>Creates the run of a plan.</summary>
    private protected abstract ISchedulerRun CreateRun(SamplingPlan plan, INoiseSource? noise);

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
        if (condition) throw new ArgumentException($"{why}.", "options");
    }

    private void Check(SamplingOptions options)
    {
        Refuse(options.Timesteps is not null && options.Sigmas is not null, "Timesteps and Sigmas are both given; give one of them");
        RefuseUnlessUnderstood(options.Timesteps, SamplingFeatures.Timesteps, nameof(options.Timesteps));
        RefuseUnlessUnderstood(options.Sigmas, SamplingFeatures.Sigmas, nameof(options.Sigmas));
        RefuseUnlessUnderstood(options.Eta, SamplingFeatures.Eta, nameof(options.Eta));
        RefuseUnlessUnderstood(options.Churn is { Churn: > 0 } churn ? churn : null, SamplingFeatures.Churn, nameof(options.Churn));
        Refuse(options.Mu is not null && DynamicShift is null, "Mu has no meaning without use_dynamic_shifting");
        Refuse(options.Mu is { } mu && !double.IsFinite(mu), $"Mu is a finite number, not {options.Mu}");
        Refuse(options.Eta is < 0 or > 1 or double.NaN, $"Eta is in [0, 1], not {options.Eta}");
        Refuse(options.BeginStep < 0, $"BeginStep is at least 0, not {options.BeginStep}");
        // A record's comparisons are false for NaN.
        Refuse(
            options.Churn is { } given
                && !(given is { Churn: >= 0, MinimumSigma: >= 0, NoiseScale: >= 0 } && given.MaximumSigma >= given.MinimumSigma),
            $"Churn is {options.Churn}; its numbers are at least 0, and MaximumSigma at least MinimumSigma");
        CheckPoints(options.Timesteps, nameof(options.Timesteps), 0);
        // A flow begins at T itself.
        Refuse(
            Schedule is not null && PredictionType != PredictionType.Flow && options.Timesteps?[0] >= TrainingTimesteps,
            $"Timesteps are below {TrainingTimesteps}, and the first is {options.Timesteps?[0]}");
        CheckPoints(options.Sigmas, nameof(options.Sigmas), double.Epsilon);
        if (options.Timesteps is not null || options.Sigmas is not null) return;
        Refuse(options.Steps < 1, $"Steps is at least 1, not {options.Steps}");
        Refuse(
            Features.HasFlag(SamplingFeatures.AtMostAllSteps) && options.Steps > TrainingTimesteps,
            $"Steps is at most the {TrainingTimesteps} training timesteps, not {options.Steps}");
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
            if (i == 0) continue;
            Refuse(
                (float)points[i] >= (float)points[i - 1],
                $"{name} descend in single precision, and {points[i]} follows {points[i - 1]}");
        }
    }
}
