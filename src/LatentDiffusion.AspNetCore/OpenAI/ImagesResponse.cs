using System.Text.Json.Serialization;

namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary>Images as the answer to a request.</summary>
internal sealed record ImagesResponse
{
    [JsonPropertyName("created")] public required long Created { get; init; }

    [JsonPropertyName("data")] public required IReadOnlyList<ImageData> Data { get; init; }

    [JsonPropertyName("background")] public string Background { get; init; } = "opaque";

    [JsonPropertyName("output_format")] public required string OutputFormat { get; init; }

    [JsonPropertyName("quality")] public required string Quality { get; init; }

    [JsonPropertyName("size")] public required string Size { get; init; }

    [JsonPropertyName("usage")] public TokenUsage Usage { get; init; } = new();
}

/// <summary>One image: its file, or the address of it on this server.</summary>
internal sealed record ImageData
{
    [JsonPropertyName("b64_json")] public byte[]? File { get; init; }

    [JsonPropertyName("url")] public string? Url { get; init; }

    /// <summary>The seed that gives this image separately.</summary>
    [JsonPropertyName("seed")] public ulong? Seed { get; init; }
}
