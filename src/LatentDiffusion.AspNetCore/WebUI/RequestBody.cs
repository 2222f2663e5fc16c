using System.Text.Json;
using LatentDiffusion.AspNetCore.Limits;

namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary>The JSON of a request.</summary>
internal static class RequestBody
{
    /// <summary>Reads a body.</summary>
    /// <exception cref="ApiError">It is not JSON, or not an object.</exception>
    /// <exception cref="RequestException">It is larger than the server accepts.</exception>
    public static async Task<FieldReader> ReadAsync(HttpContext context)
    {
        // Browsers send other types to this server from any page, without asking it first.
        if (!context.Request.HasJsonContentType())
            throw ApiError.Invalid(new FieldError([], "Content-Type: expected application/json.", FieldError.Json));
        LimitedBody.Limit(
            context.Request,
            context.RequestServices.GetRequiredService<IOptions<LatentDiffusionServerOptions>>().Value.MaximumRequestBytes);
        try
        {
            JsonElement json =
                await JsonSerializer.DeserializeAsync<JsonElement>(context.Request.Body, cancellationToken: context.RequestAborted)
                    .ConfigureAwait(false);
            return new FieldReader(json);
        }
        catch (JsonException e)
        {
            throw ApiError.Invalid(new FieldError([], $"JSON decode error: {MessageText.Truncate(e.Message, 200)}", FieldError.Json));
        }
    }
}
