namespace LatentDiffusion;

/// <summary>A ready-made choice of scheduler: a class and its options.</summary>
/// <remarks>A user's own choice takes the same place: make one of these, or pass any <see cref="INoiseScheduler"/>.</remarks>
public sealed class KnownScheduler
{
    private readonly (string Name, object? Value)[] _options;

    /// <summary>Describes a choice.</summary>
    /// <param name="name">A short name, for command lines.</param>
    /// <param name="className">Published name of the class.</param>
    /// <param name="options">Published names and values of the options that this choice sets.</param>
    /// <exception cref="ArgumentException">The class is unknown.</exception>
    public KnownScheduler(string name, string className, params (string Name, object? Value)[] options)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        SchedulerClasses.FamilyOf(className);
        Name = name;
        ClassName = className;
        _options = [.. options];
    }

    /// <summary>The short name.</summary>
    public string Name { get; }

    /// <summary>Published name of the class.</summary>
    public string ClassName { get; }

    /// <summary>Creates the scheduler.</summary>
    /// <param name="model">
    /// The configuration that the model came with, whose training schedule and prediction type the scheduler takes over;
    /// null for the class's defaults.
    /// </param>
    /// <exception cref="ArgumentException">
    /// An option is not valid, or the model is of another kind: a flow-matching model needs a flow-matching scheduler.
    /// </exception>
    public NoiseScheduler Create(SchedulerConfig? model = null)
    {
        SchedulerConfig config = model ?? SchedulerConfig.Empty;
        if (config.ClassName is not null)
            config = Translate(config, SchedulerClasses.FamilyOf(config), SchedulerClasses.FamilyOf(ClassName));
        foreach ((string name, object? value) in _options) config = config.With(name, value);
        return SchedulerClasses.Create(ClassName, config);
    }

    /// <summary>The same choice with further options.</summary>
    internal KnownScheduler With(string name, params (string Name, object? Value)[] options) =>
        new(name, ClassName, [.. _options, .. options]);

    /// <summary>The short name.</summary>
    public override string ToString() => Name;

    /// <summary>Rejects models of another kind, except flows, which the exponential integrators know under other names.</summary>
    private SchedulerConfig Translate(SchedulerConfig model, SchedulerFamily from, SchedulerFamily to)
    {
        if (from == SchedulerFamily.Flow && SchedulerClasses.HasOption(ClassName, "use_flow_sigmas"))
        {
            SchedulerConfig flow = model.With("use_flow_sigmas", true).With("prediction_type", "flow_prediction");
            return model.Number("shift") is { } shift ? flow.With("flow_shift", shift) : flow;
        }

        if (to == SchedulerFamily.Flow && model.Text("prediction_type") == "flow_prediction")
        {
            return model.Number("flow_shift") is { } shift ? model.With("shift", shift) : model;
        }

        return from == to
            ? model
            : throw new ArgumentException(
                $"'{Name}' ({ClassName}) cannot sample from a model made for a {model.ClassName}: "
                + "they mean different things by noise levels and timesteps.",
                nameof(model));
    }
}
