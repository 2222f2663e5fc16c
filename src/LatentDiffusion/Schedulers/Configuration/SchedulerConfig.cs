using System.Collections.Immutable;
using System.Text.Json;

namespace LatentDiffusion.Schedulers;

/// <summary>
/// The contents of a <c>scheduler_config.json</c>: the scheduler's class and its options under their published names.
/// Immutable. Options that one class does not know stay in it for the next, so that classes can be switched back and
/// forth over one configuration.
/// </summary>
public sealed partial class SchedulerConfig
{
    private const string ClassKey = "_class_name", DefaultsKey = "_use_default_values";

    private readonly ImmutableDictionary<string, JsonElement> _values;
    private readonly ImmutableArray<string> _order;
    private readonly ImmutableHashSet<string> _defaulted;
    private readonly ImmutableHashSet<string> _setByProgram;

    private SchedulerConfig(
        string? className, ImmutableArray<string> order, ImmutableDictionary<string, JsonElement> values,
        ImmutableHashSet<string> defaulted, ImmutableHashSet<string> setByProgram)
    {
        ClassName = className;
        _order = order;
        _values = values;
        _defaulted = defaulted;
        _setByProgram = setByProgram;
    }

    /// <summary>No class and no options: every default.</summary>
    public static SchedulerConfig Empty { get; } = new(null, [], ImmutableDictionary<string, JsonElement>.Empty, [], []);

    /// <summary>The published name of the scheduler's class, such as <c>EulerDiscreteScheduler</c>; null where none is given.</summary>
    public string? ClassName { get; }

    /// <summary>Names of all options that have a value, defaults included, in order.</summary>
    public IReadOnlyList<string> Names => _order;

    /// <summary>
    /// The training schedule: betas, T, rescaling. The tables are those that the schedulers made from this
    /// configuration use, so that training and sampling agree.
    /// </summary>
    /// <exception cref="ArgumentException">An option is not valid, or the class has no discrete training schedule.</exception>
    public NoiseSchedule ToNoiseSchedule() => NoiseScheduler.FromConfig(WithKnownClass()).Schedule
        ?? throw new ArgumentException($"A {ClassName} has no discrete training schedule.");

    /// <summary>The same options for another class. Options that stood at the old class's default take the new one's.</summary>
    /// <param name="className">Published name of the class.</param>
    public SchedulerConfig WithClass(string className)
    {
        ArgumentException.ThrowIfNullOrEmpty(className);
        return new SchedulerConfig(className, [.. _order.Where(n => !_defaulted.Contains(n))], _values.RemoveRange(_defaulted), [], []);
    }

    /// <summary>This configuration with one option set.</summary>
    /// <param name="name">Published name of the option.</param>
    /// <param name="value">A Boolean, number, text, sequence of them, JSON, or null.</param>
    /// <exception cref="ArgumentException">The value is of another type.</exception>
    public SchedulerConfig With(string name, object? value)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        JsonElement element = OptionValue.ToElement(name, value);
        return new SchedulerConfig(
            ClassName, _values.ContainsKey(name) ? _order : _order.Add(name), _values.SetItem(name, element),
            _defaulted.Remove(name), _setByProgram.Add(name));
    }

    /// <summary>The model's prediction type. The class may be one that the library does not have.</summary>
    /// <exception cref="ArgumentException"><c>prediction_type</c> is not one of the published words.</exception>
    internal PredictionType TrainedPrediction() => ClassName?.StartsWith("FlowMatch", StringComparison.Ordinal) == true
        ? PredictionType.Flow
        : new OptionReader(ClassName ?? DdpmScheduler.ClassName, this).Prediction("epsilon", "sample", "v_prediction", "flow_prediction");

    /// <summary>How many timesteps the model was trained on. The class may be one that the library does not have.</summary>
    /// <exception cref="ArgumentException"><c>num_train_timesteps</c> is not a whole number of at least 1.</exception>
    internal int TrainedTimesteps() => new OptionReader(ClassName ?? DdpmScheduler.ClassName, this)
        .Int("num_train_timesteps", 1000, max: ScheduleOptions.MostTimesteps);

    /// <summary>The same for a class that the library has: what the model was trained on does not depend on its scheduler.</summary>
    internal SchedulerConfig WithKnownClass()
    {
        if (ClassName is { } name && SchedulerClasses.Names.Contains(name)) return this;
        return WithClass(SchedulerClasses.FamilyOf(this) switch
        {
            SchedulerFamily.Flow => FlowMatchEulerScheduler.ClassName,
            SchedulerFamily.Edm => EdmEulerScheduler.ClassName,
            _ => DdpmScheduler.ClassName,
        });
    }

    /// <summary>Whether an option was set by <see cref="With"/> since the class was chosen, and not read from a file.</summary>
    internal bool IsSetByProgram(string name) => _setByProgram.Contains(name);

    /// <summary>The value of an option that was given; false where it is absent or stands at its default.</summary>
    internal bool TryGetGiven(string name, out JsonElement value) => _values.TryGetValue(name, out value) && !_defaulted.Contains(name);

    /// <summary>The text of an option; null where it is absent or none.</summary>
    internal string? Text(string name) =>
        _values.TryGetValue(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>The number of an option; null where it is absent or none.</summary>
    internal double? Number(string name) =>
        _values.TryGetValue(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;

    /// <summary>Whether an option is true; false where it is absent.</summary>
    internal bool Flag(string name) => _values.TryGetValue(name, out JsonElement value) && value.ValueKind == JsonValueKind.True;

    /// <summary>Names of the options that were given.</summary>
    internal IEnumerable<string> GivenNames => _order.Where(n => !_defaulted.Contains(n));

    /// <summary>Only these options, all as explicit values, so that a change of defaults does not change them.</summary>
    internal SchedulerConfig Only(IReadOnlySet<string> names) =>
        new(
            ClassName, [.. _order.Where(names.Contains)], _values.RemoveRange(_order.Where(name => !names.Contains(name))), [],
            _setByProgram);

    /// <summary>This configuration with options of its class that stand at their defaults.</summary>
    internal SchedulerConfig WithDefaults(IReadOnlyCollection<(string Name, JsonElement Value)> options) => new(
        ClassName,
        [.. _order, .. options.Select(o => o.Name).Where(name => !_values.ContainsKey(name))],
        _values.SetItems(options.Select(o => KeyValuePair.Create(o.Name, o.Value))),
        _defaulted.Union(options.Select(o => o.Name)),
        _setByProgram);
}
