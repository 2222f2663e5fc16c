using System.Globalization;
using System.Text.Json;

namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary>Errors of more than one endpoint, and how they are written.</summary>
internal static class OpenAIErrors
{
    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(10);

    public static OpenAIException Invalid(string message, string? parameter, string code = "invalid_value") =>
        new(StatusCodes.Status400BadRequest, message, parameter, code);

    public static OpenAIException Missing(string parameter) =>
        Invalid($"Missing required parameter: '{parameter}'.", parameter, "missing_required_parameter");

    public static OpenAIException Unknown(string parameter) =>
        Invalid($"Unknown parameter: '{MessageText.Truncate(parameter, 100)}'.", MessageText.Truncate(parameter, 100), "unknown_parameter");

    public static OpenAIException UnknownModel(string model) => new(
        StatusCodes.Status404NotFound, $"The model '{MessageText.Truncate(model, 100)}' does not exist.", "model", "model_not_found");

    public static OpenAIException Unauthorized(bool isMissing) => new(
        StatusCodes.Status401Unauthorized,
        isMissing ? "The API key is missing; send it as 'Authorization: Bearer KEY'." : "Incorrect API key provided.", null,
        "invalid_api_key");

    public static OpenAIException Forbidden() =>
        new(StatusCodes.Status403Forbidden, "The caller may not use this server.", null, "forbidden");

    public static OpenAIException TooLarge(long maximum) => new(
        StatusCodes.Status413PayloadTooLarge, $"The request is too large; expected at most {maximum} bytes.", null, "request_too_large");

    public static OpenAIException TooManyRequests(TimeSpan wait) =>
        new(StatusCodes.Status429TooManyRequests, "Too many requests of this caller.", null, "rate_limit_exceeded") { RetryAfter = wait };

    public static OpenAIException Unavailable(string message, string? code = "service_unavailable") =>
        new(StatusCodes.Status503ServiceUnavailable, message, null, code) { RetryAfter = s_retry };

    public static OpenAIException Internal() =>
        new(StatusCodes.Status500InternalServerError, "The server failed to process the request.", null, "internal_error");

    /// <summary>Writes an error as the whole response.</summary>
    public static async Task WriteAsync(HttpContext context, OpenAIException error)
    {
        HttpResponse response = context.Response;
        response.StatusCode = error.Status;
        response.ContentType = "application/json";
        if (error.RetryAfter is { } wait)
            response.Headers.RetryAfter = Math.Max(1, Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(error.ToResponse(), OpenAIJson.Default.OpenAIErrorResponse);
        response.ContentLength = body.Length;
        await response.Body.WriteAsync(body, context.RequestAborted).ConfigureAwait(false);
    }
}
