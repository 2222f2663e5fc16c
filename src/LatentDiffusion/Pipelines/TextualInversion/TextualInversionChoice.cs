namespace LatentDiffusion;

/// <summary>A file of learned embeddings as the builder was given it.</summary>
internal sealed record TextualInversionChoice(string Path, string? Token);
