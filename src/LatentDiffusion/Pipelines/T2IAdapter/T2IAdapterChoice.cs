namespace LatentDiffusion;

/// <summary>A T2I-Adapter as the builder received it.</summary>
internal sealed record T2IAdapterChoice(string Path, AdapterWeight Weight);
