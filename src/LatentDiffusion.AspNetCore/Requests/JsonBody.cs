using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using LatentDiffusion.AspNetCore.Limits;

namespace LatentDiffusion.AspNetCore.Requests;

/// <summary>Reads the JSON body of a request.</summary>
internal static class JsonBody
{
    /// <param name="context">The request.</param>
    /// <param name="contract">The fields of the body.</param>
    /// <param name="maximumBytes">The most bytes of the body.</param>
    /// <exception cref="RequestException">The body is too long, or not a JSON object of the contract.</exception>
    public static async Task<T> ReadAsync<T>(HttpContext context, JsonTypeInfo<T> contract, long maximumBytes) where T : class
    {
        HttpRequest request = context.Request;
        if (!request.HasJsonContentType())
        {
            throw RequestErrors.Invalid(
                $"Content-Type is '{MessageText.Truncate(request.ContentType ?? "", 100)}'; expected application/json.", null,
                "invalid_content_type");
        }

        LimitedBody.Limit(request, maximumBytes);
        try
        {
            return await JsonSerializer.DeserializeAsync(request.Body, contract, context.RequestAborted).ConfigureAwait(false)
                ?? throw RequestErrors.Invalid("The body is null; expected a JSON object.", null, "invalid_json");
        }
        catch (JsonException e)
        {
            throw JsonErrors.FromException(e, contract);
        }
    }
}
