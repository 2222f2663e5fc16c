using System.Text.Json.Serialization;

namespace LatentDiffusion.Client;

/// <summary>How bodies are read, without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ImagesResponse))]
[JsonSerializable(typeof(ErrorResponse))]
internal sealed partial class ClientJson : JsonSerializerContext;
