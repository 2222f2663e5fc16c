using Microsoft.Extensions.Logging;

namespace LatentDiffusion.Hub;

/// <summary>Log lines of downloads. No line has a token or a signed address.</summary>
internal static partial class HubLog
{
    [LoggerMessage(1, LogLevel.Information, "Downloading {Subject}, {Bytes} bytes of which {Present} are here")]
    public static partial void Downloading(this ILogger logger, string subject, long? bytes, long present);

    [LoggerMessage(2, LogLevel.Warning, "{Subject} broke off at byte {Position}: {Reason}. Resuming in {Pause}")]
    public static partial void Interrupted(this ILogger logger, string subject, long position, string reason, TimeSpan pause);

    [LoggerMessage(3, LogLevel.Warning, "{Subject} is downloaded again from its beginning: {Reason}")]
    public static partial void Restarted(this ILogger logger, string subject, string reason);

    [LoggerMessage(4, LogLevel.Information, "Waiting for another process that downloads {Subject}; it holds '{Path}'")]
    public static partial void Waiting(this ILogger logger, string subject, string path);

    [LoggerMessage(5, LogLevel.Warning, "{Reason} Using '{Folder}' from the cache")]
    public static partial void Unreachable(this ILogger logger, string reason, string folder);

    [LoggerMessage(6, LogLevel.Warning, "'{Path}' cannot be a link ({Reason}); it is stored as a file")]
    public static partial void LinkRefused(this ILogger logger, string path, string reason);

    [LoggerMessage(7, LogLevel.Warning, "{Subject} has content '{Tag}', which is not a hash that can be checked; only its size is")]
    public static partial void Unchecked(this ILogger logger, string subject, string tag);

    [LoggerMessage(8, LogLevel.Warning, "The hub is asked again in {Pause}: {Reason}")]
    public static partial void Repeating(this ILogger logger, TimeSpan pause, string reason);
}
