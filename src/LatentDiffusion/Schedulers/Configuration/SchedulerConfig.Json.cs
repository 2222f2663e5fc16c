using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace LatentDiffusion.Schedulers;

public sealed partial class SchedulerConfig
{
    /// <summary>Reads a <c>scheduler_config.json</c>.</summary>
    /// <param name="json">Its text: one object. The bare <c>Infinity</c> and <c>-Infinity</c> of published files are understood.</param>
    /// <exception cref="ArgumentException">The text is not such an object.</exception>
    public static SchedulerConfig Parse(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        try
        {
            return Read(PublishedJson.Parse(json));
        }
        catch (InvalidDataException exception)
        {
            throw new ArgumentException($"The scheduler configuration cannot be read: {exception.Message}", nameof(json), exception);
        }
    }

    /// <summary>Writes the configuration as Parse and the published tools read it: options at their default are named as such.</summary>
    public string ToJson() => Write(indented: true);

    /// <summary>The same on one line.</summary>
    internal string ToText() => Write(indented: false);

    private string Write(bool indented)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream, new JsonWriterOptions { Indented = indented }))
        {
            writer.WriteStartObject();
            if (ClassName is not null) writer.WriteString(ClassKey, ClassName);
            foreach (string name in _order)
            {
                writer.WritePropertyName(name);
                JsonElement value = _values[name];
                if (value.ValueKind == JsonValueKind.String && IsNonFinite(value.GetString()))
                    writer.WriteRawValue(value.GetString()!, skipInputValidation: true);
                else value.WriteTo(writer);
            }

            if (_defaulted.Count > 0)
            {
                writer.WriteStartArray(DefaultsKey);
                foreach (string name in _order.Where(_defaulted.Contains)) writer.WriteStringValue(name);
                writer.WriteEndArray();
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    /// <summary>The configuration as JSON.</summary>
    public override string ToString() => ToJson();

    internal static bool IsNonFinite(string? text) => text is "Infinity" or "-Infinity" or "NaN";

    internal static string NonFiniteName(double value) => value.ToString(CultureInfo.InvariantCulture);

    private static SchedulerConfig Read(JsonElement root)
    {
        string? className = null;
        var defaulted = new HashSet<string>();
        ImmutableArray<string>.Builder order = ImmutableArray.CreateBuilder<string>();
        var values = ImmutableDictionary.CreateBuilder<string, JsonElement>();
        foreach (JsonProperty property in root.EnumerateObject())
        {
            if (property.Name == ClassKey)
            {
                className = property.Value.ValueKind is JsonValueKind.String or JsonValueKind.Null
                    ? property.Value.GetString()
                    : throw new InvalidDataException($"{ClassKey} is text, not {property.Value.ValueKind}.");
            }
            else if (property.Name == DefaultsKey && property.Value.ValueKind == JsonValueKind.Array)
                defaulted.UnionWith(property.Value.EnumerateArray().Select(e => e.ToString()));
            else
            {
                order.Add(property.Name);
                values.Add(property.Name, property.Value);
            }
        }

        return new SchedulerConfig(className, order.ToImmutable(), values.ToImmutable(), [.. defaulted.Where(values.ContainsKey)], []);
    }
}
