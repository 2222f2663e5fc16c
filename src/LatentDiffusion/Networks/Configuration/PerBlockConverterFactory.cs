using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace LatentDiffusion.Networks;

/// <summary>Reads and writes <see cref="PerBlock{T}"/> as a value or an array.</summary>
internal sealed class PerBlockConverterFactory : JsonConverterFactory
{
    public override bool CanConvert(Type typeToConvert) =>
        typeToConvert.IsGenericType && typeToConvert.GetGenericTypeDefinition() == typeof(PerBlock<>);

    // Those of the library have code also where it is compiled ahead of time.
    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
        typeToConvert == typeof(PerBlock<int>) ? new Converter<int>()
        : typeToConvert == typeof(PerBlock<bool>) ? new Converter<bool>()
        : typeToConvert == typeof(PerBlock<PerBlock<int>>) ? new Converter<PerBlock<int>>()
        : (JsonConverter)Activator.CreateInstance(typeof(Converter<>).MakeGenericType(typeToConvert.GetGenericArguments()))!;

    private sealed class Converter<T> : JsonConverter<PerBlock<T>>
    {
        public override PerBlock<T> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            JsonTypeInfo<T> contract = options.Of<T>();
            if (reader.TokenType != JsonTokenType.StartArray) return new PerBlock<T>(JsonSerializer.Deserialize(ref reader, contract)!);
            ImmutableArray<T>.Builder each = ImmutableArray.CreateBuilder<T>();
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) each.Add(JsonSerializer.Deserialize(ref reader, contract)!);
            return new PerBlock<T>(each.ToImmutable());
        }

        public override void Write(Utf8JsonWriter writer, PerBlock<T> value, JsonSerializerOptions options)
        {
            JsonTypeInfo<T> contract = options.Of<T>();
            if (!value.IsList)
            {
                JsonSerializer.Serialize(writer, value[0], contract);
                return;
            }

            writer.WriteStartArray();
            foreach (T one in value.Values) JsonSerializer.Serialize(writer, one, contract);
            writer.WriteEndArray();
        }
    }
}
