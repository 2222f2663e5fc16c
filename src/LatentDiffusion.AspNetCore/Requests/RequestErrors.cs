namespace LatentDiffusion.AspNetCore.Requests;

/// <summary>Errors of more than one endpoint.</summary>
internal static class RequestErrors
{
    /// <summary>When to repeat a request that a server could not take.</summary>
    public static TimeSpan Retry { get; } = TimeSpan.FromSeconds(10);

    public static RequestException Invalid(string message, string? parameter, string code = "invalid_value") =>
        new(StatusCodes.Status400BadRequest, message, parameter, code);

    public static RequestException Missing(string parameter) =>
        Invalid($"Missing required parameter: '{parameter}'.", parameter, "missing_required_parameter");

    public static RequestException Unknown(string parameter) =>
        Invalid($"Unknown parameter: '{MessageText.Truncate(parameter, 100)}'.", MessageText.Truncate(parameter, 100), "unknown_parameter");

    public static RequestException UnknownModel(string model) => new(
        StatusCodes.Status404NotFound, $"The model '{MessageText.Truncate(model, 100)}' does not exist.", "model", "model_not_found");

    public static RequestException Unauthorized(bool isMissing) => new(
        StatusCodes.Status401Unauthorized,
        isMissing ? "The API key is missing; send it as 'Authorization: Bearer KEY'." : "Incorrect API key provided.", null,
        "invalid_api_key");

    public static RequestException Forbidden() =>
        new(StatusCodes.Status403Forbidden, "The caller may not use this server.", null, "forbidden");

    public static RequestException TooLarge(long maximum) => new(
        StatusCodes.Status413PayloadTooLarge, $"The request is too large; expected at most {maximum} bytes.", null, "request_too_large");

    public static RequestException TooManyRequests(TimeSpan wait) =>
        new(StatusCodes.Status429TooManyRequests, "Too many requests of this caller.", null, "rate_limit_exceeded") { RetryAfter = wait };

    public static RequestException Unavailable(string message, string? code = "service_unavailable") =>
        new(StatusCodes.Status503ServiceUnavailable, message, null, code) { RetryAfter = Retry };

    public static RequestException Stopping() =>
        Unavailable("The server stops; repeat the request when it runs again.", "server_stopping");

    public static RequestException Internal() =>
        new(StatusCodes.Status500InternalServerError, "The server failed to process the request.", null, "internal_error");
}
