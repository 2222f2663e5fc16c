using Microsoft.Extensions.Logging;

namespace LatentDiffusion.Diagnostics;

/// <summary>Log messages about reading a model's files.</summary>
internal static partial class LoadingLog
{
    [LoggerMessage(40, LogLevel.Warning, "{File} has options that {Class} does not have; they are ignored: {Options}.")]
    public static partial void OptionsIgnored(this ILogger logger, string file, string @class, string options);

    [LoggerMessage(
        41, LogLevel.Information, "The scheduler configuration has options that {Class} does not have; they are ignored: {Options}.")]
    public static partial void SchedulerOptionsIgnored(this ILogger logger, string @class, string options);

    [LoggerMessage(42, LogLevel.Information, "{Folder} has only weights of the variant '{Variant}'; they are used.")]
    public static partial void OnlyVariant(this ILogger logger, string folder, string variant);

    [LoggerMessage(43, LogLevel.Information, "{File} names components that this library does not use; they are ignored: {Components}.")]
    public static partial void ComponentsIgnored(this ILogger logger, string file, string components);
}
