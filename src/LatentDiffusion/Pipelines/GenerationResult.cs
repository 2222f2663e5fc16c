namespace LatentDiffusion;

/// <summary>The images of a request.</summary>
/// <param name="Images">The images, in the order of their seeds.</param>
/// <param name="Request">The request with every choice filled in.</param>
/// <param name="Timings">How long each part took; of requests generated together, for all of them.</param>
public sealed record GenerationResult(IReadOnlyList<GeneratedImage> Images, GenerationRequest Request, GenerationTimings Timings);
