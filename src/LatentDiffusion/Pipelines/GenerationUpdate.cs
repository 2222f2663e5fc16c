namespace LatentDiffusion;

/// <summary>One element of a stream of steps.</summary>
/// <param name="Progress">Where the generation stands.</param>
/// <param name="Previews">
/// The model's current estimate of the images of the batch, the first of which is <see cref="GenerationProgress.ImageIndex"/>. Empty for
/// steps without previews and in the last element.
/// </param>
/// <param name="Result">The result, in the last element; null before.</param>
public sealed record GenerationUpdate(GenerationProgress Progress, IReadOnlyList<ImageBuffer> Previews, GenerationResult? Result);
