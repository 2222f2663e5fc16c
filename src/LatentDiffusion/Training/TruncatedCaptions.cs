using Microsoft.Extensions.Logging;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>How many tokens of each caption the model does not read: a column of a cache, because token ids do not show it.</summary>
internal static class TruncatedCaptions
{
    public const string ColumnName = "truncated_tokens";

    /// <summary>The column's rows.</summary>
    /// <param name="captions">Captions of the rows.</param>
    /// <param name="truncated">Number of tokens that a caption has too many.</param>
    public static (string Name, Tensor Rows) Column(IEnumerable<string> captions, Func<string, int> truncated) =>
        (ColumnName, tensor(captions.Select(c => (long)truncated(c)).ToArray()));

    /// <summary>
    /// Logs in one line how many captions are truncated, and how far; nothing if none is, or if an older cache does not record it.
    /// </summary>
    public static void Log(RowFile rows, string path, int window, ILogger? logger)
    {
        if (logger is null || rows.Find(ColumnName) is null) return;
        using DisposeScope scope = NewDisposeScope();
        long[] beyond = [.. rows.ReadAll(ColumnName).data<long>().Where(n => n > 0)];
        if (beyond.Length == 0) return;
        logger.LogWarning(
            "Captions truncated: {Truncated} of {Captions} in {Path} exceed the model's {Window}-token window, "
                + "by {Mean:F0} tokens on average and {Most} at most.",
            beyond.Length, rows.Find(ColumnName)!.Shape[0], path, window, beyond.Average(), beyond.Max());
    }
}
