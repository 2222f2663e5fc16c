using System.Text.Json;
using System.Text.Json.Serialization;
using LatentDiffusion.Evaluation;

namespace Evaluate;

/// <summary>Reads evaluation options from a JSON file with the names used in the report.</summary>
internal static class OptionsFile
{
    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        ReadCommentHandling = JsonCommentHandling.Skip,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public static ModelEvaluationOptions Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<ModelEvaluationOptions>(File.ReadAllText(path), s_json)
                ?? throw new InvalidDataException($"The options file '{path}' is empty.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"The options file '{path}' cannot be read: {e.Message}", e);
        }
    }
}
