namespace LatentDiffusion;

/// <summary>A LoRA file of a pipeline, in the metadata of its images.</summary>
/// <param name="Name">Name of the file.</param>
/// <param name="Scale">Factor of its changes.</param>
internal sealed record RecordedLora(string Name, double Scale);
