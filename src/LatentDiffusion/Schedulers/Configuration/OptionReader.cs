using System.Globalization;
using System.Text.Json;

namespace LatentDiffusion.Schedulers;

/// <summary>
/// Reads the options of one scheduler class. Each read names the option and its default, so that the constructor of a
/// class is also the list of its options: options left unread are unknown to the class.
/// </summary>
internal sealed class OptionReader
{
    private readonly SchedulerConfig _given;
    private readonly bool _switched;
    private readonly HashSet<string> _known = [];
    private readonly List<(string Name, JsonElement Value)> _defaults = [];

    /// <param name="className">Published name of the class that reads.</param>
    /// <param name="given">The configuration; null for the defaults. Its class may be another.</param>
    public OptionReader(string className, SchedulerConfig? given)
    {
        ClassName = className;
        _given = given ?? SchedulerConfig.Empty;
        _switched = _given.ClassName is not null && _given.ClassName != className;
    }

    public string ClassName { get; }

    /// <summary>The names read so far.</summary>
    public IReadOnlySet<string> Known => _known;

    /// <summary>Options that a file gives, that ask for something and that the class does not have.</summary>
    public IReadOnlyList<string> Ignored { get; private set; } = [];

    public bool Bool(string name, bool byDefault) => Read(name, byDefault, e => e.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Invalid(name, e, "a Boolean"),
    });

    public int Int(string name, int byDefault, int min = 1, int max = int.MaxValue) =>
        Read(name, byDefault, e => Integer(name, e, min, max));

    public double Double(string name, double byDefault) => Read(name, byDefault, e => Number(name, e));

    public double? NullableDouble(string name, double? byDefault = null) =>
        Read(name, byDefault, e => e.ValueKind == JsonValueKind.Null ? (double?)null : Number(name, e), nullable: true);

    public double[]? Doubles(string name) => Read<double[]?>(name, null, e => e.ValueKind switch
    {
        JsonValueKind.Array => [.. e.EnumerateArray().Select(item => Number(name, item))],
        _ => throw Invalid(name, e, "a list of numbers"),
    });

    public int[] Ints(string name) => Read<int[]>(name, [], e => e.ValueKind switch
    {
        JsonValueKind.Array => [.. e.EnumerateArray().Select(item => Integer(name, item, int.MinValue, int.MaxValue))],
        _ => throw Invalid(name, e, "a list of integers"),
    });

    /// <summary>One of several words. Words of other classes' options of the same name stand for the default.</summary>
    public string Choice(string name, string byDefault, string[] choices, params string[] ofOthers) => Read(name, byDefault, e =>
    {
        string? word = e.ValueKind == JsonValueKind.String ? e.GetString() : null;
        if (word is not null && choices.Contains(word)) return word;
        return word is not null && ofOthers.Contains(word) ? byDefault : throw Invalid(name, e, "one of " + string.Join(", ", choices));
    });

    /// <summary>One of several words, or none. Words of other classes' options of the same name stand for none.</summary>
    public string? NullableChoice(string name, string[] choices, params string[] ofOthers) => Read<string?>(name, null, e =>
    {
        string? word = e.ValueKind == JsonValueKind.String ? e.GetString() : null;
        if (word is not null && choices.Contains(word)) return word;
        return word is not null && ofOthers.Contains(word) ? null : throw Invalid(name, e, "null or one of " + string.Join(", ", choices));
    });

    /// <summary>Whether an option was given as a word.</summary>
    public bool IsGiven(string name, string word) =>
        _given.TryGetGiven(name, out JsonElement given) && given.ValueKind == JsonValueKind.String && given.GetString() == word;

    /// <summary>The number of a note, which is not an option of the class; null where it is absent.</summary>
    public int? Note(string name) =>
        _given.TryGetGiven(name, out JsonElement given) && given.ValueKind == JsonValueKind.Number && given.TryGetInt32(out int value)
            ? value
            : null;

    public PredictionType Prediction(params string[] choices)
    {
        string byDefault = PredictsSample ? "sample" : choices[0];
        return Choice("prediction_type", byDefault, choices) switch
        {
            "epsilon" => PredictionType.Epsilon,
            "sample" => PredictionType.Sample,
            "v_prediction" => PredictionType.Velocity,
            _ => PredictionType.Flow,
        };
    }

    /// <summary>The prediction type of a Boolean option that preceded <c>prediction_type</c> and that no class has any more.</summary>
    private bool PredictsSample => _known.Add("predict_epsilon")
        && _given.TryGetGiven("predict_epsilon", out JsonElement given) && given.ValueKind == JsonValueKind.False;

    /// <summary>
    /// Ends the reading. What a file gives and the class does not have is ignored, as it is by diffusers: it stems from the
    /// class that the file was first written for. What a program sets is an error, unless it switches classes.
    /// </summary>
    /// <returns>The configuration with every option that was read, defaults included.</returns>
    /// <exception cref="ArgumentException">A program set an option that is unknown; the message names it.</exception>
    public SchedulerConfig Complete()
    {
        var ignored = new List<string>();
        foreach (string name in _given.GivenNames)
        {
            if (name.StartsWith('_') || _known.Contains(name)) continue;
            if (!_given.IsSetByProgram(name))
            {
                _given.TryGetGiven(name, out JsonElement value);
                if (!PublishedJson.IsOff(value)) ignored.Add(name);
                continue;
            }

            bool ofAnother = SchedulerClasses.KnowOption(name);
            if (ofAnother && _switched) continue;
            throw new ArgumentException(ofAnother
                ? $"{ClassName} has no option '{name}'; other schedulers have."
                : $"{ClassName} has no option '{MessageText.Truncate(name, 100)}'. It has {string.Join(", ", _known.Order())}.");
        }

        Ignored = ignored;
        return (_given.ClassName == ClassName ? _given : _given.WithClass(ClassName)).WithDefaults(_defaults);
    }

    private T Read<T>(string name, T byDefault, Func<JsonElement, T> parse, bool nullable = false)
    {
        _known.Add(name);
        if (_given.TryGetGiven(name, out JsonElement given))
            return given.ValueKind == JsonValueKind.Null && !nullable ? byDefault : parse(given);
        _defaults.Add((name, OptionValue.ToElement(name, byDefault)));
        return byDefault;
    }

    private static int Integer(string name, JsonElement element, int min, int max) =>
        element.ValueKind == JsonValueKind.Number && element.TryGetDouble(out double value)
            && value == Math.Round(value) && value >= min && value <= max
            ? (int)value
            : throw Invalid(name, element, max == int.MaxValue ? $"an integer of at least {min}" : $"an integer from {min} to {max}");

    private static double Number(string name, JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Number) return element.GetDouble();
        if (element.ValueKind == JsonValueKind.String && SchedulerConfig.IsNonFinite(element.GetString()))
            return double.Parse(element.GetString()!, NumberStyles.Float, CultureInfo.InvariantCulture);
        throw Invalid(name, element, "a number");
    }

    private static ArgumentException Invalid(string name, JsonElement value, string expected) =>
        new($"Scheduler option '{name}' is {expected}, not {MessageText.Truncate(value.GetRawText(), 100)}.");
}
