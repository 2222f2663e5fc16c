using System.Text.Json.Serialization;

namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary>Tokens of a request, which OpenAI's clients expect. This server does not bill by tokens: all counts are 0.</summary>
internal sealed record TokenUsage
{
    [JsonPropertyName("total_tokens")] public int Total { get; init; }

    [JsonPropertyName("input_tokens")] public int Input { get; init; }

    [JsonPropertyName("output_tokens")] public int Output { get; init; }

    [JsonPropertyName("input_tokens_details")] public InputTokenDetails Details { get; init; } = new();
}

/// <summary>Tokens of the prompt and of the images of a request.</summary>
internal sealed record InputTokenDetails
{
    [JsonPropertyName("text_tokens")] public int Text { get; init; }

    [JsonPropertyName("image_tokens")] public int Image { get; init; }
}
