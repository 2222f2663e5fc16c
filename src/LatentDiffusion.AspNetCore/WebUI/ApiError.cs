using System.Text.Json.Nodes;

namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary>A refusal in the forms of the web UI's server (FastAPI), of which clients show <c>detail</c>.</summary>
/// <param name="status">The HTTP status.</param>
/// <param name="detail">A text, or a list of <see cref="FieldError"/> as JSON.</param>
/// <param name="message">The message.</param>
internal sealed class ApiError(int status, JsonNode detail, string message) : Exception(message)
{
    private ApiError(int status, string message) : this(status, JsonValue.Create(message), message)
    {
    }

    public int Status => status;

    /// <summary>When the request may be repeated; null where that does not help.</summary>
    public TimeSpan? RetryAfter { get; private init; }

    /// <summary>Something named in the request does not exist: 404, as the web UI answers for samplers and models.</summary>
    public static ApiError NotFound(string message) => new(StatusCodes.Status404NotFound, message);

    /// <summary>Scripts, which have a text in place of a list.</summary>
    public static ApiError Unprocessable(string message) => new(StatusCodes.Status422UnprocessableEntity, message);

    /// <summary>It may be tried again later: 503.</summary>
    public static ApiError Busy(string message) => Failed(StatusCodes.Status503ServiceUnavailable, message, RequestErrors.Retry);

    /// <summary>Anything else.</summary>
    public static ApiError Failed(int status, string message, TimeSpan? retryAfter = null) =>
        new(status, message) { RetryAfter = retryAfter };

    /// <summary>Fields that are wrong: 422 with one entry for each.</summary>
    public static ApiError Invalid(params IReadOnlyList<FieldError> errors) => new(
        StatusCodes.Status422UnprocessableEntity, new JsonArray([.. errors.Select(error => error.ToJson())]),
        string.Join(" ", errors.Select(error => error.Message)));

    public IResult ToResult()
    {
        // FastAPI answers validation with the list only, and other refusals with these members.
        JsonObject body = detail is JsonArray
            ? new JsonObject { ["detail"] = detail.DeepClone() }
            : new JsonObject { ["error"] = "HTTPException", ["detail"] = detail.DeepClone(), ["body"] = "", ["errors"] = "" };
        return JsonAnswer.Of(body, status);
    }
}
