namespace LatentDiffusion.AspNetCore.Diagnostics;

/// <summary>Log messages of the server. Only <see cref="Prompt"/> contains one.</summary>
internal static partial class ServerLog
{
    [LoggerMessage(1, LogLevel.Information, "Job {Job} of '{Caller}': {Count} images by {Model}.")]
    public static partial void Accepted(this ILogger logger, string job, string caller, int count, string model);

    [LoggerMessage(2, LogLevel.Information, "Job {Job} has the prompt '{Text}'.")]
    public static partial void Prompt(this ILogger logger, string job, string text);

    [LoggerMessage(3, LogLevel.Information, "Job {Job} was cancelled: its last client left.")]
    public static partial void Abandoned(this ILogger logger, string job);

    [LoggerMessage(4, LogLevel.Warning, "Job {Job}, whose last client left, could not be cancelled.")]
    public static partial void NotCancelled(this ILogger logger, Exception exception, string job);

    [LoggerMessage(5, LogLevel.Error, "A request failed.")]
    public static partial void RequestFailed(this ILogger logger, Exception exception);

    [LoggerMessage(6, LogLevel.Warning, "Job {Job} could not be followed; metrics do not count it.")]
    public static partial void NotMeasured(this ILogger logger, Exception exception, string job);

    [LoggerMessage(7, LogLevel.Error, "The changed settings are wrong, and those before them stay in use. {Problem}")]
    public static partial void OptionsRefused(this ILogger logger, Exception exception, string problem);
}
