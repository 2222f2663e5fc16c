namespace LatentDiffusion;

/// <summary>Which of the <see cref="CpuRuntimeOptions"/> took effect.</summary>
public sealed record CpuRuntimeSettings
{
    /// <summary>Threads that one operator may use.</summary>
    public required int Threads { get; init; }

    /// <summary>
    /// Whether libtorch will read binding, waiting and number of threads when it is loaded. False where it was loaded
    /// before, and on systems where it does not read them.
    /// </summary>
    public required bool ConfiguresThreads { get; init; }

    /// <summary>Whether freed memory stays with the process.</summary>
    public required bool KeepsFreedMemory { get; init; }
}
