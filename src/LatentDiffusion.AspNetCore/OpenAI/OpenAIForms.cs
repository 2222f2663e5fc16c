using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary>The contract of forms, whose numbers and booleans are text.</summary>
internal static class OpenAIForms
{
    public static JsonTypeInfo<ImageRequestBody> ImageRequestBody { get; } =
        new OpenAIJson(new JsonSerializerOptions(OpenAIJson.Default.Options)
        {
            NumberHandling = JsonNumberHandling.AllowReadingFromString, Converters = { new FormBooleanConverter() },
        }).ImageRequestBody;
}
