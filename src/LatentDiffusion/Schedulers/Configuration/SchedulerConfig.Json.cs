using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace LatentDiffusion;

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
            using JsonDocument document = JsonDocument.Parse(BareInfinity().Replace(json, "$1\"$2\""));
            return Read(document.RootElement);
        }
        catch (JsonException exception)
        {
            throw new ArgumentException($"The scheduler configuration is not valid JSON: {exception.Message}", nameof(json), exception);
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
                if (value.ValueKind == JsonValueKind.String && IsNonFinite(value.GetString())) writer.WriteRawValue(value.GetString()!, skipInputValidation: true);
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
        if (root.ValueKind != JsonValueKind.Object)
            throw new ArgumentException($"A scheduler configuration is a JSON object, not {root.ValueKind}.");
        SchedulerConfig config = Empty;
        string? className = null;
        string[] defaulted = [];
        foreach (JsonProperty property in root.EnumerateObject())
        {
            if (property.Name == ClassKey)
                className = property.Value.ValueKind == JsonValueKind.String ? property.Value.GetString() : throw new ArgumentException($"{ClassKey} is text, not {property.Value.ValueKind}.");
            else if (property.Name == DefaultsKey && property.Value.ValueKind == JsonValueKind.Array)
                defaulted = [.. property.Value.EnumerateArray().Select(e => e.ToString())];
            else
                config = config.Set(property.Name, property.Value.Clone(), isDefault: false);
        }

        return new SchedulerConfig(className, config._order, config._values, [.. defaulted.Where(config._values.ContainsKey)]);
    }

    /// <summary>A number that is not finite, outside of text: after a colon, comma or bracket. Python writes it without quotes.</summary>
    [GeneratedRegex(@"([:\[,]\s*)(-?Infinity|NaN)(?=\s*[,\]}])")]
    private static partial Regex BareInfinity();
}
