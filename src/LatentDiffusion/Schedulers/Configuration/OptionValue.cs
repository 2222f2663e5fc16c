using System.Buffers;
using System.Collections;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LatentDiffusion.Schedulers;

/// <summary>Values of scheduler options as JSON.</summary>
internal static class OptionValue
{
    /// <summary>The value as JSON; an infinite number as its published name.</summary>
    /// <param name="name">Published name of the option, for messages.</param>
    /// <param name="value">A Boolean, number, text, sequence of these, JSON, or null.</param>
    /// <exception cref="ArgumentException">The value is of another type, or a number in a sequence is not finite.</exception>
    public static JsonElement ToElement(string name, object? value)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter writer = new(buffer))
            Write(writer, name, value is double number && !double.IsFinite(number) ? SchedulerConfig.NonFiniteName(number) : value);
        using JsonDocument document = JsonDocument.Parse(buffer.WrittenMemory);
        return document.RootElement.Clone();
    }

    private static void Write(Utf8JsonWriter writer, string name, object? value)
    {
        switch (value)
        {
            case null: writer.WriteNullValue(); break;
            case bool flag: writer.WriteBooleanValue(flag); break;
            case string text: writer.WriteStringValue(text); break;
            case int number: writer.WriteNumberValue(number); break;
            case long number: writer.WriteNumberValue(number); break;
            case float number: writer.WriteNumberValue(number); break;
            case double number: writer.WriteNumberValue(number); break;
            case decimal number: writer.WriteNumberValue(number); break;
            case JsonElement element: element.WriteTo(writer); break;
            case JsonNode node: node.WriteTo(writer); break;
            case IEnumerable sequence:
                writer.WriteStartArray();
                foreach (object? item in sequence) Write(writer, name, item);
                writer.WriteEndArray();
                break;
            default:
                throw new ArgumentException(
                    $"'{MessageText.Truncate(name, 100)}' is a {value.GetType()}; expected a Boolean, number, text, or sequence of them.",
                    nameof(value));
        }
    }
}
