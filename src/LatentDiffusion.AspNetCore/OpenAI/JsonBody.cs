using System.Text.Json;
using LatentDiffusion.AspNetCore.Limits;

namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary>Reads the JSON body of a request.</summary>
internal static class JsonBody
{
    /// <summary>The most bytes of a body, which has no images.</summary>
    private const long MaximumBytes = 4L << 20;

    /// <param name="context">The request.</param>
    /// <param name="maximumBytes">The most bytes of any body.</param>
    /// <exception cref="OpenAIException">The body is too long, or not a JSON object of the contract.</exception>
    public static async Task<ImageRequestBody> ReadAsync(HttpContext context, long maximumBytes)
    {
        HttpRequest request = context.Request;
        if (!request.HasJsonContentType())
        {
            throw OpenAIErrors.Invalid(
                $"Content-Type is '{MessageText.Truncate(request.ContentType ?? "", 100)}'; expected application/json.", null,
                "invalid_content_type");
        }

        LimitedBody.Limit(request, Math.Min(maximumBytes, MaximumBytes));
        try
        {
            return await JsonSerializer.DeserializeAsync(request.Body, OpenAIJson.Default.ImageRequestBody, context.RequestAborted)
                .ConfigureAwait(false) ?? throw OpenAIErrors.Invalid("The body is null; expected a JSON object.", null, "invalid_json");
        }
        catch (JsonException e)
        {
            throw JsonErrors.FromException(e);
        }
    }
}
