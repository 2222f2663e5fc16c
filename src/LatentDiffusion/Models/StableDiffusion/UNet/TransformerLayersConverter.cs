using System.Text.Json;
using System.Text.Json.Serialization;

namespace LatentDiffusion.Models;

/// <summary>Reads and writes <see cref="TransformerLayers"/> as the value inside.</summary>
internal sealed class TransformerLayersConverter : JsonConverter<TransformerLayers>
{
    public override TransformerLayers Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        new(JsonSerializer.Deserialize(ref reader, options.Of<PerBlock<PerBlock<int>>>()));

    public override void Write(Utf8JsonWriter writer, TransformerLayers value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, value.Values, options.Of<PerBlock<PerBlock<int>>>());
}
