using System.Text.Json;
using System.Text.Json.Serialization;

namespace LatentDiffusion;

/// <summary>How configurations are read from and written to the published <c>config.json</c> files.</summary>
internal static class ModelConfigJson
{
    public static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        AllowTrailingCommas = true,
        ReadCommentHandling = JsonCommentHandling.Skip,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public static T Read<T>(string json, string what)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(json, Options)
                ?? throw new InvalidDataException($"The configuration of {what} is empty.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"The configuration of {what} cannot be read: {e.Message}", e);
        }
    }
}
