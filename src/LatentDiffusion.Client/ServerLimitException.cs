using System.Net;

namespace LatentDiffusion.Client;

/// <summary>
/// The server refused a request because of a limit, and generated nothing: too large, too many images, too many requests, or a full queue.
/// </summary>
/// <param name="message">What the server said.</param>
/// <param name="statusCode">Its status: 400, 413, 429 or 503.</param>
/// <param name="retryAfter">When to try again, as the server said; null where it did not.</param>
public sealed class ServerLimitException(string message, HttpStatusCode statusCode, TimeSpan? retryAfter = null)
    : InvalidOperationException(message)
{
    /// <summary>The status of the response: 400, 413, 429 or 503.</summary>
    public HttpStatusCode StatusCode { get; } = statusCode;

    /// <summary>How long to wait before the same request may succeed; null where the server did not say.</summary>
    public TimeSpan? RetryAfter { get; } = retryAfter;

    /// <summary>Whether the same request may succeed later.</summary>
    public bool IsTransient => StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable;
}
