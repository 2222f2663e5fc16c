using System.Text.Json.Serialization;

namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary>The models that workers offer.</summary>
internal sealed record ModelList([property: JsonPropertyName("data")] IReadOnlyList<ModelEntry> Data)
{
    [JsonPropertyName("object")] public string Object { get; init; } = "list";
}

/// <summary>A model.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Created">When this server started, in seconds since 1970.</param>
internal sealed record ModelEntry(
    [property: JsonPropertyName("id")] string Id, [property: JsonPropertyName("created")] long Created)
{
    [JsonPropertyName("object")] public string Object { get; init; } = "model";

    [JsonPropertyName("owned_by")] public string OwnedBy { get; init; } = "latent-diffusion";
}
