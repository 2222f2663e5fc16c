using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace LatentDiffusion.AspNetCore.Requests;

/// <summary>Errors of bodies that do not fit their contract.</summary>
internal static class JsonErrors
{
    /// <summary>The error for an exception, by the field that its path names.</summary>
    public static RequestException FromException(JsonException exception, JsonTypeInfo contract)
    {
        string? field = exception.Path is ['$', '.', .. var name] ? name.Split('.', '[')[0] : null;
        JsonPropertyInfo? property = contract.Properties.FirstOrDefault(p => p.Name == field);
        if (property is not null && Expected(property.PropertyType) is { } expected)
            return RequestErrors.Invalid($"Invalid type for '{field}': expected {expected}, given once.", field, "invalid_type");
        return RequestErrors.Invalid(
            $"The body is not a JSON object that this server reads: line {exception.LineNumber + 1}, byte "
            + $"{exception.BytePositionInLine + 1}.", null, "invalid_json");
    }

    private static string? Expected(Type type) => type == typeof(int?) ? "an integer" : type == typeof(bool?) ? "a boolean"
        : type == typeof(string) ? "a string"
        : type == typeof(IReadOnlyList<byte[]>) ? "images as data URIs or in Base64; links are not followed" : null;
}
