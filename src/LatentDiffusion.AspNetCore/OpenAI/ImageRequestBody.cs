using System.Text.Json;
using System.Text.Json.Serialization;

namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary>
/// The fields of a request for images. Further fields are the settings of <see cref="RequestSettings"/> by their keys: negative_prompt,
/// seed, steps, guidance_scale and others.
/// </summary>
internal sealed class ImageRequestBody
{
    [JsonPropertyName("prompt")] public string? Prompt { get; set; }

    [JsonPropertyName("model")] public string? Model { get; set; }

    [JsonPropertyName("n")] public int? N { get; set; }

    [JsonPropertyName("size")] public string? Size { get; set; }

    [JsonPropertyName("response_format")] public string? ResponseFormat { get; set; }

    [JsonPropertyName("output_format")] public string? OutputFormat { get; set; }

    [JsonPropertyName("output_compression")] public int? OutputCompression { get; set; }

    [JsonPropertyName("stream")] public bool? Stream { get; set; }

    [JsonPropertyName("partial_images")] public int? PartialImages { get; set; }

    [JsonPropertyName("background")] public string? Background { get; set; }

    [JsonPropertyName("quality")] public string? Quality { get; set; }

    [JsonPropertyName("style")] public string? Style { get; set; }

    [JsonPropertyName("moderation")] public string? Moderation { get; set; }

    [JsonPropertyName("input_fidelity")] public string? InputFidelity { get; set; }

    [JsonPropertyName("user")] public string? User { get; set; }

    [JsonExtensionData] public Dictionary<string, JsonElement>? Settings { get; set; }
}
