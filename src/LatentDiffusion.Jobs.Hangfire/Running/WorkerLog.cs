using Microsoft.Extensions.Logging;

namespace LatentDiffusion.Jobs.Hangfire;

/// <summary>Log messages of workers.</summary>
internal static partial class WorkerLog
{
    [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message = "An attempt of job {Job} failed.")]
    public static partial void AttemptFailed(this ILogger logger, Exception exception, string job);

    [LoggerMessage(EventId = 2, Level = LogLevel.Warning, Message = "Files of job {Job} could not be deleted.")]
    public static partial void FilesLeft(this ILogger logger, Exception exception, string job);

    [LoggerMessage(EventId = 3, Level = LogLevel.Information, Message = "Worker {Worker} offers {Models}.")]
    public static partial void WorkerStarted(this ILogger logger, string worker, string models);

    [LoggerMessage(EventId = 4, Level = LogLevel.Warning, Message = "The queue's database does not respond; the worker tries again.")]
    public static partial void DatabaseAway(this ILogger logger, Exception exception);

    [LoggerMessage(EventId = 5, Level = LogLevel.Warning, Message = "A ticket for model {Model} could not be made; it follows later.")]
    public static partial void TicketDelayed(this ILogger logger, Exception exception, string model);

    [LoggerMessage(EventId = 6, Level = LogLevel.Warning, Message = "Old files could not be deleted; the worker tries again.")]
    public static partial void OldFilesLeft(this ILogger logger, Exception exception);
}
