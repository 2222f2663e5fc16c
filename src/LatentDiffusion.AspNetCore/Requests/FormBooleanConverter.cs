using System.Text.Json;
using System.Text.Json.Serialization;

namespace LatentDiffusion.AspNetCore.Requests;

/// <summary>Reads booleans of forms, which are text.</summary>
internal sealed class FormBooleanConverter : JsonConverter<bool>
{
    public override bool Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && bool.TryParse(reader.GetString(), out bool value) ? value : throw new JsonException();

    public override void Write(Utf8JsonWriter writer, bool value, JsonSerializerOptions options) => writer.WriteBooleanValue(value);
}
