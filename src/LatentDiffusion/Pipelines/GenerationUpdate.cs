namespace LatentDiffusion;

/// <summary>One element of a stream of steps.</summary>
/// <param name="Progress">Where the generation stands.</param>
/// <param name="Previews">
/// What the pictures worked on will look like as far as the model knows, from picture <see cref="GenerationProgress.Image"/>
/// on; empty where the step makes none, and in the last element.
/// </param>
/// <param name="Result">The result, in the last element; null before.</param>
public sealed record GenerationUpdate(GenerationProgress Progress, IReadOnlyList<ImageBuffer> Previews, GenerationResult? Result);
