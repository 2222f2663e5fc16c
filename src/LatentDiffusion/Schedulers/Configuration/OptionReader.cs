using System.Globalization;
using System.Text.Json;

namespace LatentDiffusion;

/// <summary>
/// Reads the options of one scheduler class. Each read names the option and its default, so that the constructor of a
/// class is also the list of its options: what is left unread afterwards is unknown to the class.
/// </summary>
internal sealed class OptionReader
{
    private readonly SchedulerConfig _given;
    private readonly bool _switched;
    private readonly HashSet<string> _known = [];

    /// <param name="className">Published name of the class that reads.</param>
    /// <param name="given">What was given; null for nothing. Its class may be another.</param>
    public OptionReader(string className, SchedulerConfig? given)
    {
        ClassName = className;
        _given = given ?? SchedulerConfig.Empty;
        _switched = _given.ClassName is not null && _given.ClassName != className;
        Result = _given.ClassName == className ? _given : _given.WithClass(className);
    }

    public string ClassName { get; }

    /// <summary>The names read so far.</summary>
    public IReadOnlyCollection<string> Known => _known;

    /// <summary>The configuration with every option read so far, defaults included.</summary>
    public SchedulerConfig Result { get; private set; }

    public bool Bool(string name, bool byDefault) => Read(name, byDefault, e => e.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False or JsonValueKind.Null => false,
        _ => throw Invalid(name, e, "a Boolean"),
    });

    public int Int(string name, int byDefault, int min = 1) => Read(name, byDefault, e =>
        e.ValueKind == JsonValueKind.Number && e.TryGetDouble(out double value) && value == Math.Round(value) && value >= min && value <= int.MaxValue
            ? (int)value
            : throw Invalid(name, e, $"an integer of at least {min}"));

    public double Double(string name, double byDefault) => Read(name, byDefault, e => Number(name, e));

    public double? NullableDouble(string name, double? byDefault = null) =>
        Read(name, byDefault, e => e.ValueKind == JsonValueKind.Null ? (double?)null : Number(name, e));

    public double[]? Doubles(string name) => Read<double[]?>(name, null, e => e.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.Array => [.. e.EnumerateArray().Select(item => Number(name, item))],
        _ => throw Invalid(name, e, "a list of numbers"),
    });

    public int[] Ints(string name) => Read<int[]>(name, [], e => e.ValueKind switch
    {
        JsonValueKind.Null => [],
        JsonValueKind.Array => [.. e.EnumerateArray().Select(item => (int)Number(name, item))],
        _ => throw Invalid(name, e, "a list of integers"),
    });

    /// <summary>One of several words. Words of other classes' options of the same name stand for the default.</summary>
    public string Choice(string name, string byDefault, string[] choices, params string[] ofOthers) => Read(name, byDefault, e =>
    {
        string? word = e.ValueKind == JsonValueKind.String ? e.GetString() : null;
        if (word is not null && choices.Contains(word)) return word;
        return word is not null && ofOthers.Contains(word) ? byDefault : throw Invalid(name, e, "one of " + string.Join(", ", choices));
    });

    /// <summary>One of several words, or none.</summary>
    public string? NullableChoice(string name, params string[] choices) => Read<string?>(name, null, e =>
        e.ValueKind == JsonValueKind.Null ? null
        : e.ValueKind == JsonValueKind.String && choices.Contains(e.GetString()) ? e.GetString()
        : throw Invalid(name, e, "null or one of " + string.Join(", ", choices)));

    public PredictionType Prediction(params string[] choices) => Choice("prediction_type", choices[0], choices) switch
    {
        "epsilon" => PredictionType.Epsilon,
        "sample" => PredictionType.Sample,
        "v_prediction" => PredictionType.Velocity,
        _ => PredictionType.Flow,
    };

    /// <summary>
    /// Ends the reading: an option that was given and not read is an error, unless it is bookkeeping, belongs to another
    /// class over whose configuration this one is made, or is one that published files carry for no reader.
    /// </summary>
    /// <exception cref="ArgumentException">An option is unknown; the message names it.</exception>
    public void Complete()
    {
        foreach (string name in _given.GivenNames)
        {
            if (name.StartsWith('_') || _known.Contains(name)) continue;
            bool ofAnother = SchedulerClasses.KnowOption(name);
            _given.TryGetGiven(name, out JsonElement value);
            if (ofAnother && (_switched || PublishedLeftovers.Contains(name, value))) continue;
            throw new ArgumentException(ofAnother
                ? $"{ClassName} has no option '{name}'; other schedulers have."
                : $"{ClassName} has no option '{name}'. It has {string.Join(", ", _known.Order())}.");
        }
    }

    private T Read<T>(string name, T byDefault, Func<JsonElement, T> parse)
    {
        _known.Add(name);
        if (_given.TryGetGiven(name, out JsonElement given)) return parse(given);
        JsonElement value = byDefault is double number && !double.IsFinite(number)
            ? JsonSerializer.SerializeToElement(SchedulerConfig.NonFiniteName(number))
            : JsonSerializer.SerializeToElement(byDefault);
        Result = Result.Set(name, value, isDefault: true);
        return byDefault;
    }

    private static double Number(string name, JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Number) return element.GetDouble();
        if (element.ValueKind == JsonValueKind.String && SchedulerConfig.IsNonFinite(element.GetString()))
            return double.Parse(element.GetString()!, NumberStyles.Float, CultureInfo.InvariantCulture);
        throw Invalid(name, element, "a number");
    }

    private static ArgumentException Invalid(string name, JsonElement value, string expected) =>
        new($"Scheduler option '{name}' is {expected}, not {value.GetRawText()}.");
}
