namespace LatentDiffusion.Fuzzing;

/// <summary>What one input may cost.</summary>
/// <param name="Cpu">Processor time of all threads; null where other work runs in the process as well.</param>
/// <param name="Bytes">Memory that .NET allocates in all, and by which the process grows at most.</param>
public sealed record FuzzLimits(TimeSpan? Cpu, long Bytes);
