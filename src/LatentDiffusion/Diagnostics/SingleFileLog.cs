using Microsoft.Extensions.Logging;

namespace LatentDiffusion.Diagnostics;

/// <summary>Log messages about reading single files.</summary>
internal static partial class SingleFileLog
{
    [LoggerMessage(30, LogLevel.Warning, "{File}: {Count} tensors are left out: {Tensors}.")]
    public static partial void TensorsIgnored(this ILogger logger, string file, int count, string tensors);
}
