using LatentDiffusion.AspNetCore.Diagnostics;

namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary>The errors of the queue, of jobs and of reading a request, as OpenAI's clients know them.</summary>
internal static class OpenAIErrorMapping
{
    private static readonly Dictionary<string, string> s_fields = new()
    {
        [nameof(GenerationRequest.Width)] = "size",
        [nameof(GenerationRequest.Height)] = "size",
        [nameof(GenerationRequest.ImageCount)] = "n",
        [nameof(GenerationRequest.InitialImage)] = "image",
        [nameof(GenerationRequest.ReferenceImages)] = "image",
    };

    /// <summary>The error for an exception. Those that are not the client's fault are logged and do not reach it.</summary>
    public static OpenAIException FromException(Exception exception, long maximumBytes, ILogger logger)
    {
        switch (exception)
        {
            case OpenAIException known: return known;
            case BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge }: return OpenAIErrors.TooLarge(maximumBytes);
            case BadHttpRequestException bad: return OpenAIErrors.Invalid(bad.Message, null, "invalid_request");
            case UnknownModelException unknown: return OpenAIErrors.UnknownModel(unknown.Model);
            case QueueFullException full: return OpenAIErrors.Unavailable(full.Message, "queue_full");
            case ArgumentException when exception is not ArgumentNullException: return FromError(JobError.FromException(exception));
            default:
                logger.RequestFailed(exception);
                return OpenAIErrors.Internal();
        }
    }

    /// <summary>The error for a job that has ended without images.</summary>
    public static OpenAIException FromJob(JobStatus? job) => job switch
    {
        { State: JobState.Cancelled } => new OpenAIException(
            StatusCodes.Status400BadRequest, "The job was cancelled.", null, "job_cancelled"),
        { State: JobState.Failed, Error: { } error } => FromError(error),
        _ => OpenAIErrors.Internal(),
    };

    private static OpenAIException FromError(JobError error) => error.Kind switch
    {
        JobErrorKind.InvalidRequest when error.Parameter == nameof(ImageJob.Model) =>
            new OpenAIException(StatusCodes.Status404NotFound, error.Message, "model", "model_not_found"),
        JobErrorKind.InvalidRequest => OpenAIErrors.Invalid(error.Message, Field(error.Parameter)),
        JobErrorKind.LimitExceeded => OpenAIErrors.Invalid(error.Message, Field(error.Parameter), "limit_exceeded"),
        JobErrorKind.Busy => OpenAIErrors.Unavailable(error.Message),
        JobErrorKind.TimedOut => new OpenAIException(StatusCodes.Status504GatewayTimeout, error.Message, null, "timeout"),
        _ => OpenAIErrors.Internal(),
    };

    /// <summary>The field for a property of a request, of which <c>Timesteps[2]</c> names a part; null for other names.</summary>
    private static string? Field(string? property)
    {
        if (property is null) return null;
        string name = property.Split('.', '[')[0];
        return s_fields.GetValueOrDefault(name) ?? RequestSettings.All.FirstOrDefault(s => s.Name == name)?.Key;
    }
}
