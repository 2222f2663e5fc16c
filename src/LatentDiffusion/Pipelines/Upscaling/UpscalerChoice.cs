namespace LatentDiffusion;

/// <summary>An upscaler as the builder received it.</summary>
/// <param name="Name">Its name; null for that of the file, or its own.</param>
/// <param name="Open">Opens it for a pipeline; the second value says whether the pipeline then owns it.</param>
internal sealed record UpscalerChoice(string? Name, Func<PipelineAssembly, (IImageUpscaler Upscaler, IDisposable? Owned)> Open);
