using LatentDiffusion.AspNetCore.Diagnostics;

namespace LatentDiffusion.AspNetCore.Requests;

/// <summary>The errors of the queue, of jobs and of reading a request, as an API answers them.</summary>
/// <param name="fields">Names of fields by the properties of requests; fields of other properties have the keys of settings.</param>
internal sealed class RequestErrorMapping(IReadOnlyDictionary<string, string> fields)
{
    /// <summary>The error for an exception. Those that are not the client's fault are logged and do not reach it.</summary>
    public RequestException FromException(Exception exception, long maximumBytes, ILogger logger)
    {
        switch (exception)
        {
            case RequestException known: return known;
            case BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge }: return RequestErrors.TooLarge(maximumBytes);
            case BadHttpRequestException bad: return RequestErrors.Invalid(bad.Message, null, "invalid_request");
            case UnknownModelException unknown: return RequestErrors.UnknownModel(unknown.Model);
            case QueueFullException full: return RequestErrors.Unavailable(full.Message, "queue_full");
            case ArgumentException when exception is not ArgumentNullException: return FromError(JobError.FromException(exception));
            default:
                logger.RequestFailed(exception);
                return RequestErrors.Internal();
        }
    }

    /// <summary>The error for a job that has ended without images.</summary>
    public RequestException FromJob(JobStatus? job) => job switch
    {
        { State: JobState.Cancelled } => new RequestException(
            StatusCodes.Status400BadRequest, "The job was cancelled.", null, "job_cancelled"),
        { State: JobState.Failed, Error: { } error } => FromError(error),
        _ => RequestErrors.Internal(),
    };

    private RequestException FromError(JobError error) => error.Kind switch
    {
        JobErrorKind.InvalidRequest when error.Parameter == nameof(ImageJob.Model) =>
            new RequestException(StatusCodes.Status404NotFound, error.Message, "model", "model_not_found"),
        JobErrorKind.InvalidRequest => RequestErrors.Invalid(error.Message, Field(error.Parameter)),
        JobErrorKind.LimitExceeded => RequestErrors.Invalid(error.Message, Field(error.Parameter), "limit_exceeded"),
        JobErrorKind.Busy => RequestErrors.Unavailable(error.Message),
        JobErrorKind.TimedOut => new RequestException(StatusCodes.Status504GatewayTimeout, error.Message, null, "timeout"),
        _ => RequestErrors.Internal(),
    };

    /// <summary>The field for a property of a request, of which <c>Timesteps[2]</c> names a part; null for other names.</summary>
    private string? Field(string? property)
    {
        if (property is null) return null;
        string name = property.Split('.', '[')[0];
        return fields.GetValueOrDefault(name) ?? RequestSettings.All.FirstOrDefault(s => s.Name == name)?.Key;
    }
}
