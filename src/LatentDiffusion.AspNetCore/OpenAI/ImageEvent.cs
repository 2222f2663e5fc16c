using System.Text.Json.Serialization;

namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary>A server-sent event: a partial image, or a completed one.</summary>
internal sealed record ImageEvent
{
    [JsonPropertyName("type")] public required string Type { get; init; }

    [JsonPropertyName("b64_json")] public required byte[] File { get; init; }

    [JsonPropertyName("created_at")] public required long CreatedAt { get; init; }

    [JsonPropertyName("size")] public required string Size { get; init; }

    [JsonPropertyName("quality")] public required string Quality { get; init; }

    [JsonPropertyName("background")] public string Background { get; init; } = "opaque";

    [JsonPropertyName("output_format")] public required string OutputFormat { get; init; }

    /// <summary>Number of the partial image, from 0; null of completed ones.</summary>
    [JsonPropertyName("partial_image_index")] public int? PartialImageIndex { get; init; }

    /// <summary>Null of partial images.</summary>
    [JsonPropertyName("usage")] public TokenUsage? Usage { get; init; }

    /// <summary>The seed that gives this image separately; null of partial images.</summary>
    [JsonPropertyName("seed")] public ulong? Seed { get; init; }
}

/// <summary>A server-sent event: an error after the response has begun.</summary>
internal sealed record ErrorEvent([property: JsonPropertyName("error")] OpenAIError Error)
{
    [JsonPropertyName("type")] public string Type { get; init; } = "error";
}
