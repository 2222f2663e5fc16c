namespace LatentDiffusion.Fuzzing;

/// <summary>What one input came to.</summary>
/// <param name="Seed">Makes the input again.</param>
/// <param name="Refused">Whether the reader refused it with a documented exception.</param>
/// <param name="Problem">What went wrong; null where nothing did.</param>
/// <param name="Cpu">Processor time that it cost.</param>
/// <param name="Bytes">Memory that it cost.</param>
public sealed record FuzzOutcome(int Seed, bool Refused, string? Problem, TimeSpan Cpu, long Bytes);
