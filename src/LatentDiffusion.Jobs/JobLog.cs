using Microsoft.Extensions.Logging;

namespace LatentDiffusion.Jobs;

/// <summary>Log messages of jobs. Prompts are never logged.</summary>
internal static partial class JobLog
{
    [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message = "Job {Job} of model {Model} failed.")]
    public static partial void Failed(this ILogger logger, Exception exception, string job, string model);

    [LoggerMessage(EventId = 2, Level = LogLevel.Information, Message = "Job {Job} of model {Model} ended: {Kind}.")]
    public static partial void Refused(this ILogger logger, string job, string model, JobErrorKind kind);

    [LoggerMessage(EventId = 3, Level = LogLevel.Warning, Message = "Files of {Job} could not be deleted.")]
    public static partial void NotDeleted(this ILogger logger, Exception exception, string job);

    [LoggerMessage(EventId = 4, Level = LogLevel.Warning, Message = "A preview of {Job} could not be written; it has no further ones.")]
    public static partial void PreviewLost(this ILogger logger, Exception exception, string job);
}
