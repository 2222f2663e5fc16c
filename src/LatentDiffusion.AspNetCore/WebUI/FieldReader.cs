using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary>
/// Reads the fields of a JSON object, once each. Types are converted as the web UI's server does: numbers may be texts, and flags numbers.
/// A null counts as missing. Errors are collected, so that an answer names all of them; fields that nobody read are errors.
/// </summary>
internal sealed class FieldReader
{
    private readonly Dictionary<string, JsonElement> _fields;
    private readonly string[] _path;
    private readonly HashSet<string> _read = [];
    private readonly List<FieldError> _errors = [];
    private readonly JsonObject _values = [];

    /// <param name="json">A JSON object.</param>
    /// <param name="path">Names of the fields that it is in.</param>
    /// <exception cref="ApiError">It is not an object, or a text in it is not valid Unicode.</exception>
    public FieldReader(JsonElement json, params string[] path)
    {
        if (json.ValueKind != JsonValueKind.Object)
            throw ApiError.Invalid(new FieldError(path, $"Input is {Name(json.ValueKind)}; expected an object."));
        try
        {
            // As in Python, the last of equal names counts.
            _fields = [];
            foreach (JsonProperty field in json.EnumerateObject()) _fields[field.Name] = field.Value;
        }
        catch (InvalidOperationException)
        {
            throw ApiError.Invalid(new FieldError(path, "A name is not valid Unicode.", FieldError.Json));
        }

        _path = path;
    }

    /// <summary>The fields as they were read, with their defaults.</summary>
    public JsonObject Values => _values;

    /// <summary>Names of the fields that are not null.</summary>
    public IEnumerable<string> Names => _fields.Where(f => f.Value.ValueKind != JsonValueKind.Null).Select(f => f.Key);

    public bool Has(string name) => _fields.TryGetValue(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null;

    public string? Text(string name, string? missing = null) => Read(name, missing, FieldTypes.Text, "a text", v => JsonValue.Create(v));

    public bool Flag(string name, bool missing) =>
        Read(name, (bool?)missing, FieldTypes.Flag, "true or false", v => JsonValue.Create(v)) ?? missing;

    public int? Integer(string name, int minimum, int maximum, int? missing = null)
    {
        long? value = Read(name, (long?)missing, FieldTypes.Integer, "an integer", v => JsonValue.Create(v));
        return (int?)Within(name, value, minimum, maximum);
    }

    public long? Long(string name, long minimum, long? missing = null)
    {
        long? value = Read(name, missing, FieldTypes.Integer, "an integer", v => JsonValue.Create(v));
        return Within(name, value, minimum, long.MaxValue);
    }

    public double? Number(string name, double minimum, double maximum, double? missing = null)
    {
        double? value = Read(name, missing, FieldTypes.Number, "a number", v => JsonValue.Create(v));
        if (value is null || (value >= minimum && value <= maximum)) return value;
        Add(name, $"{Shown(value.Value)}; expected a number from {Shown(minimum)} to {Shown(maximum)}.");
        return missing;
    }

    public IReadOnlyList<string> Texts(string name) =>
        Read<IReadOnlyList<string>>(
            name, [], FieldTypes.Texts, "a list of texts", v => new JsonArray([.. v!.Select(text => JsonValue.Create(text))]))!;

    /// <summary>A field of any type; null where it is missing.</summary>
    public JsonElement? Any(string name)
    {
        _read.Add(name);
        JsonElement? value = Has(name) ? _fields[name] : null;
        _values[name] = value?.ValueKind switch
        {
            null => null,
            JsonValueKind.Object => JsonObject.Create(value.Value),
            JsonValueKind.Array => JsonArray.Create(value.Value),
            _ => JsonValue.Create(value.Value),
        };
        return value;
    }

    /// <summary>Leaves a large value out of <see cref="Values"/>.</summary>
    public void Forget(string name) => _values[name] = null;

    public void Add(string name, string message, string type = FieldError.Value) => _errors.Add(
        new FieldError([.. _path, name], MessageText.Truncate($"{name}: {message}"), type));

    /// <exception cref="ApiError">A field is wrong, or was not read.</exception>
    public void ThrowIfInvalid()
    {
        foreach (string name in Names.Where(name => !_read.Contains(name)))
            _errors.Add(new FieldError([.. _path, name], $"{MessageText.Truncate(name, 100)} is not supported.", FieldError.Unknown));
        if (_errors.Count > 0) throw ApiError.Invalid(_errors);
    }

    private T? Read<T>(string name, T? missing, Func<JsonElement, (bool, T?)> convert, string expected, Func<T?, JsonNode?> write)
    {
        _read.Add(name);
        T? value = missing;
        if (Has(name))
        {
            (bool isValid, T? read) = convert(_fields[name]);
            if (isValid) value = read;
            else Add(name, $"{Name(_fields[name].ValueKind)}; expected {expected}.");
        }

        _values[name] = value is null ? null : write(value);
        return value;
    }

    private long? Within(string name, long? value, long minimum, long maximum)
    {
        if (value is null || (value >= minimum && value <= maximum)) return value;
        Add(name, $"{value}; expected an integer from {minimum}{(maximum == long.MaxValue ? "" : $" to {maximum}")}.");
        return minimum;
    }

    private static string Shown(double value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Name(JsonValueKind kind) => kind switch
    {
        JsonValueKind.String => "a text of another form",
        JsonValueKind.Number => "a number of another form",
        JsonValueKind.True or JsonValueKind.False => "a flag",
        JsonValueKind.Array => "a list",
        JsonValueKind.Object => "an object",
        _ => "null",
    };
}
