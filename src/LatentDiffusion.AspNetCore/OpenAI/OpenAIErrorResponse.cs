using System.Text.Json;
using System.Text.Json.Serialization;

namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary>The body of all error responses.</summary>
internal sealed record OpenAIErrorResponse([property: JsonPropertyName("error")] OpenAIError Error)
{
    public static OpenAIErrorResponse Create(RequestException error) =>
        new(new OpenAIError(error.Message, Type(error.Status), error.Parameter, error.Code));

    /// <summary>Writes an error as the whole response.</summary>
    public static async Task WriteAsync(HttpContext context, RequestException error)
    {
        HttpResponse response = context.Response;
        response.StatusCode = error.Status;
        response.ContentType = "application/json";
        response.SetRetryAfter(error.RetryAfter);
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(Create(error), OpenAIJson.Default.OpenAIErrorResponse);
        response.ContentLength = body.Length;
        await response.Body.WriteAsync(body, context.RequestAborted).ConfigureAwait(false);
    }

    private static string Type(int status) => status switch
    {
        StatusCodes.Status429TooManyRequests => "rate_limit_error",
        >= StatusCodes.Status500InternalServerError => "server_error",
        _ => "invalid_request_error",
    };
}

/// <summary>An error. All four fields are always present.</summary>
internal sealed record OpenAIError(
    [property: JsonPropertyName("message")] string Message,
    [property: JsonPropertyName("type")] string Type,
    [property: JsonPropertyName("param"), JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Param,
    [property: JsonPropertyName("code"), JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Code);
