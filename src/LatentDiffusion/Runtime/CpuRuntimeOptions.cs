namespace LatentDiffusion;

/// <summary>How libtorch uses the CPU of this process: see <see cref="CpuRuntime"/>.</summary>
public sealed record CpuRuntimeOptions
{
    /// <summary>
    /// Threads that one operator may use, at least 1. Null, the default, for <see cref="Environment.ProcessorCount"/>, which
    /// respects the CPU limit of a container; libtorch does not.
    /// </summary>
    public int? Threads { get; init; }

    /// <summary>
    /// Whether each thread stays on one core, so that threads do not wait for each other to be moved. Default true. Threads are
    /// bound only where <see cref="Threads"/> is at least the number of cores that the process may use. Linux only.
    /// </summary>
    public bool BindThreads { get; init; } = true;

    /// <summary>Behaviour of threads between two operators. Default <see cref="ThreadWaiting.Brief"/>. Linux only.</summary>
    public ThreadWaiting Waiting { get; init; }

    /// <summary>
    /// Whether memory that an operator frees stays with the process for the next one, up to 1 GB. Otherwise the operating
    /// system takes large blocks back after every operator and clears them again for the next. Default true. Linux with glibc
    /// only.
    /// </summary>
    public bool KeepFreedMemory { get; init; } = true;
}
