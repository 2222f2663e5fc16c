using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary>Errors of bodies that do not fit <see cref="ImageRequestBody"/>.</summary>
internal static class JsonErrors
{
    /// <summary>The error for an exception, by the field that its path names.</summary>
    public static OpenAIException FromException(JsonException exception)
    {
        string? field = exception.Path is ['$', '.', .. var name] && name.IndexOfAny(['.', '[']) < 0 ? name : null;
        JsonPropertyInfo? property = OpenAIJson.Default.ImageRequestBody.Properties.FirstOrDefault(p => p.Name == field);
        if (property is not null && Expected(property.PropertyType) is { } expected)
            return OpenAIErrors.Invalid($"Invalid type for '{field}': expected {expected}, given once.", field, "invalid_type");
        return OpenAIErrors.Invalid(
            $"The body is not a JSON object that this server reads: line {exception.LineNumber + 1}, byte "
            + $"{exception.BytePositionInLine + 1}.", null, "invalid_json");
    }

    private static string? Expected(Type type) => type == typeof(int?) ? "an integer" : type == typeof(bool?) ? "a boolean"
        : type == typeof(string) ? "a string" : null;
}
