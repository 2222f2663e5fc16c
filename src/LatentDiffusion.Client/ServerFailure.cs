using System.Net;
using System.Net.Http.Headers;

namespace LatentDiffusion.Client;

/// <summary>From responses that report an error to the exceptions that a generator in the process throws.</summary>
internal static class ServerFailure
{
    private const string UnknownModel = "model_not_found", Unsupported = "unsupported", LimitExceeded = "limit_exceeded",
        JobCancelled = "job_cancelled", InvalidImage = "invalid_image_file";

    // nginx reports a client that left with it.
    private const HttpStatusCode ClientClosedRequest = (HttpStatusCode)499;

    /// <summary>Reads the error of a response.</summary>
    public static async Task<Exception> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        ErrorResponse.Details? error = await ErrorResponse.ReadAsync(response, cancellationToken).ConfigureAwait(false);
        string message = error?.Message
            ?? $"{response.RequestMessage?.RequestUri} answered {(int)response.StatusCode} {response.ReasonPhrase}.";
        return response.StatusCode switch
        {
            HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity when error is not null => Refused(error, response.StatusCode),
            HttpStatusCode.NotFound when error is { Code: UnknownModel } => new ArgumentException(message, error.Param),
            HttpStatusCode.UnsupportedMediaType or HttpStatusCode.NotImplemented => new NotSupportedException(message),
            HttpStatusCode.RequestEntityTooLarge or HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable =>
                new ServerLimitException(message, response.StatusCode, RetryAfter(response.Headers)),
            HttpStatusCode.RequestTimeout or HttpStatusCode.GatewayTimeout => new TimeoutException(message),
            ClientClosedRequest => new OperationCanceledException(message),
            _ => new HttpRequestException(message, null, response.StatusCode),
        };
    }

    private static Exception Refused(ErrorResponse.Details error, HttpStatusCode status) => error.Code switch
    {
        LimitExceeded => new ServerLimitException(error.Message!, status),
        JobCancelled => new OperationCanceledException(error.Message),
        { } code when code.StartsWith(Unsupported, StringComparison.Ordinal) => new NotSupportedException(error.Message),
        InvalidImage => new InvalidDataException(error.Message),
        _ => new ArgumentException(error.Message, error.Param),
    };

    private static TimeSpan? RetryAfter(HttpResponseHeaders headers)
    {
        if (headers.RetryAfter is not { } value) return null;
        TimeSpan? wait = value.Delta ?? (value.Date - (headers.Date ?? TimeProvider.System.GetUtcNow()));
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }
}
