namespace LatentDiffusion.Fuzzing;

/// <summary>Result of one input.</summary>
/// <param name="Seed">Seed that reproduces the input.</param>
/// <param name="Refused">Whether the reader refused it with a documented exception.</param>
/// <param name="Problem">The failure; null for none.</param>
/// <param name="Cpu">Processor time of the input.</param>
/// <param name="Bytes">Memory of the input.</param>
public sealed record FuzzOutcome(int Seed, bool Refused, string? Problem, TimeSpan Cpu, long Bytes);
