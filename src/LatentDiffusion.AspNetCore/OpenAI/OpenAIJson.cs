using System.Text.Json.Serialization;

namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary>The contracts of the OpenAI images API.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, AllowDuplicateProperties = false)]
[JsonSerializable(typeof(ImageRequestBody))]
[JsonSerializable(typeof(ImagesResponse))]
[JsonSerializable(typeof(ImageEvent))]
[JsonSerializable(typeof(ErrorEvent))]
[JsonSerializable(typeof(ModelList))]
[JsonSerializable(typeof(ModelEntry))]
[JsonSerializable(typeof(OpenAIErrorResponse))]
internal sealed partial class OpenAIJson : JsonSerializerContext;
