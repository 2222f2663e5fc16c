namespace LatentDiffusion.Benchmarks;

/// <summary>One computation whose result must not change.</summary>
/// <param name="Name">Unique name, with slashes between its parts.</param>
/// <param name="Run">Computes and adds hashes of the results.</param>
internal sealed record GoldenCase(string Name, Action<GoldenHashes> Run);
