namespace LatentDiffusion.Fuzzing;

/// <summary>Limits for one input.</summary>
/// <param name="Cpu">Processor time of all threads; null if other work runs in the process as well.</param>
/// <param name="Bytes">Memory that .NET allocates in total, and maximum growth of the process.</param>
public sealed record FuzzLimits(TimeSpan? Cpu, long Bytes);
