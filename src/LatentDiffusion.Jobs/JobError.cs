namespace LatentDiffusion.Jobs;

/// <summary>Why a job failed.</summary>
/// <param name="Kind">Whose fault it is, as a server reports it.</param>
/// <param name="Message">The message, without a stack trace.</param>
/// <param name="Parameter">Name of the wrong parameter of the request; null where none is to blame.</param>
public sealed record JobError(JobErrorKind Kind, string Message, string? Parameter = null)
{
    /// <summary>
    /// Describes an exception of a pipeline. Messages of unexpected exceptions are left out, because they may have paths or other details
    /// of the machine.
    /// </summary>
    /// <param name="exception">The exception.</param>
    public static JobError FromException(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return exception switch
        {
            UnknownModelException => new(JobErrorKind.InvalidRequest, exception.Message, nameof(ImageJob.Model)),
            ArgumentException { ParamName: { } name } e => new(JobErrorKind.InvalidRequest, WithoutParameter(e), name),
            ArgumentException e => new(JobErrorKind.InvalidRequest, e.Message),
            NotSupportedException => new(JobErrorKind.InvalidRequest, exception.Message),
            GenerationLimitException e => new(
                e.IsTransient ? JobErrorKind.Busy : JobErrorKind.LimitExceeded, e.Message, ParameterOf(e.Limit)),
            TimeoutException => new(JobErrorKind.TimedOut, exception.Message),
            OutOfMemoryException => new(JobErrorKind.Busy, "The worker ran out of memory."),
            NonFiniteValuesException => new(JobErrorKind.Internal, exception.Message),
            _ => new(JobErrorKind.Internal, "The generation failed; the worker's log has the details."),
        };
    }

    private static string? ParameterOf(string limit) =>
        limit == nameof(DiffusionPipelineOptions.MaximumImages) ? nameof(GenerationRequest.ImageCount) : null;

    // .NET appends the parameter to the message.
    private static string WithoutParameter(ArgumentException e)
    {
        int appended = e.Message.LastIndexOf($" (Parameter '{e.ParamName}')", StringComparison.Ordinal);
        return appended < 0 ? e.Message : e.Message[..appended];
    }
}
