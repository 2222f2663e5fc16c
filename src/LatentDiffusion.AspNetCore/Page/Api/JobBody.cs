using System.Text.Json;
using System.Text.Json.Serialization;

namespace LatentDiffusion.AspNetCore.Page;

/// <summary>The fields of a posted job. Further fields are the settings of <see cref="RequestSettings"/> by their keys.</summary>
internal sealed class JobBody
{
    [JsonPropertyName("prompt")] public string? Prompt { get; set; }

    [JsonPropertyName("model")] public string? Model { get; set; }

    [JsonPropertyName("image_count")] public int? ImageCount { get; set; }

    [JsonPropertyName("preview_every")] public int? PreviewEvery { get; set; }

    [JsonPropertyName("media_type")] public string? MediaType { get; set; }

    [JsonPropertyName("quality")] public int? Quality { get; set; }

    [JsonPropertyName(JobImages.Initial)] public IReadOnlyList<byte[]>? InitialImage { get; set; }

    [JsonPropertyName(JobImages.Mask)] public IReadOnlyList<byte[]>? Mask { get; set; }

    [JsonPropertyName(JobImages.References)] public IReadOnlyList<byte[]>? ReferenceImages { get; set; }

    [JsonPropertyName(JobImages.Controls)] public IReadOnlyList<byte[]>? ControlImages { get; set; }

    [JsonPropertyName(JobImages.Adapters)] public IReadOnlyList<byte[]>? AdapterImages { get; set; }

    [JsonExtensionData] public Dictionary<string, JsonElement>? Settings { get; set; }
}

/// <summary>The contract of posted jobs, in JSON and in forms.</summary>
[JsonSourceGenerationOptions(
    AllowDuplicateProperties = false, NumberHandling = JsonNumberHandling.AllowReadingFromString,
    Converters = [typeof(Base64FilesConverter)])]
[JsonSerializable(typeof(JobBody))]
internal sealed partial class JobBodyJson : JsonSerializerContext;
