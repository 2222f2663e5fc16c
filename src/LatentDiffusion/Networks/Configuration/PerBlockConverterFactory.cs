using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LatentDiffusion.Networks;

/// <summary>Reads and writes <see cref="PerBlock{T}"/> as a value or an array.</summary>
internal sealed class PerBlockConverterFactory : JsonConverterFactory
{
    public override bool CanConvert(Type typeToConvert) =>
        typeToConvert.IsGenericType && typeToConvert.GetGenericTypeDefinition() == typeof(PerBlock<>);

    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
        (JsonConverter)Activator.CreateInstance(typeof(Converter<>).MakeGenericType(typeToConvert.GetGenericArguments()))!;

    private sealed class Converter<T> : JsonConverter<PerBlock<T>>
    {
        public override PerBlock<T> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.StartArray
                ? new PerBlock<T>(JsonSerializer.Deserialize<ImmutableArray<T>>(ref reader, options))
                : new PerBlock<T>(JsonSerializer.Deserialize<T>(ref reader, options)!);

        public override void Write(Utf8JsonWriter writer, PerBlock<T> value, JsonSerializerOptions options)
        {
            if (value.IsList) JsonSerializer.Serialize(writer, value.Values, options);
            else JsonSerializer.Serialize(writer, value[0], options);
        }
    }
}
