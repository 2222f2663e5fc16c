namespace LatentDiffusion.Hub;

/// <summary>How far a download is. Files that are in the cache already do not count.</summary>
public sealed record HubProgress
{
    /// <summary>Bytes on this machine, including those of an earlier, interrupted download.</summary>
    public required long CompletedBytes { get; init; }

    /// <summary>
    /// Bytes of all files that are known so far. Weights in several files become known when their index has arrived.
    /// </summary>
    public required long TotalBytes { get; init; }

    /// <summary>Files that are complete and checked.</summary>
    public required int CompletedFiles { get; init; }

    /// <summary>All files that are known so far.</summary>
    public required int TotalFiles { get; init; }

    /// <summary>Path in the repository of the file that progressed last, with <c>/</c> between the parts.</summary>
    public required string File { get; init; }
}
