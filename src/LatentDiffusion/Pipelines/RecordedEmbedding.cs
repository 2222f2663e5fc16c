namespace LatentDiffusion;

/// <summary>A textual inversion of a pipeline, in the metadata of its images.</summary>
/// <param name="Name">Name of its file; null for one made in code.</param>
/// <param name="Token">The token in prompts.</param>
internal sealed record RecordedEmbedding(string? Name, string Token);
