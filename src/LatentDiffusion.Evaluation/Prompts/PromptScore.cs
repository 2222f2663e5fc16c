namespace LatentDiffusion.Evaluation;

/// <summary>How well an image shows one aspect of a prompt.</summary>
/// <param name="Aspect">The aspect, for example <c>subject</c> or <c>colour</c>.</param>
/// <param name="Score">From 0, not at all, to 1; at least a half counts as right.</param>
public sealed record PromptScore(string Aspect, double Score);
