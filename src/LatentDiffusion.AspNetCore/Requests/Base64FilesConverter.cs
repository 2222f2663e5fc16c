using System.Text.Json;
using System.Text.Json.Serialization;

namespace LatentDiffusion.AspNetCore.Requests;

/// <summary>Reads files from JSON: a text, or a list of texts (<see cref="Base64File"/>).</summary>
internal sealed class Base64FilesConverter : JsonConverter<IReadOnlyList<byte[]>>
{
    public override IReadOnlyList<byte[]> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String) return [File(ref reader)];
        if (reader.TokenType != JsonTokenType.StartArray) throw new JsonException();
        var files = new List<byte[]>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) files.Add(File(ref reader));
        return files;
    }

    public override void Write(Utf8JsonWriter writer, IReadOnlyList<byte[]> value, JsonSerializerOptions options) =>
        throw new NotSupportedException();

    private static byte[] File(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String) throw new JsonException();
        return Base64File.Decode(reader.GetString()!) is { Length: > 0 } file ? file : throw new JsonException();
    }
}
