namespace LatentDiffusion.Evaluation;

/// <summary>How well one aspect of a prompt shows in a picture.</summary>
/// <param name="Aspect">The aspect, for example <c>subject</c> or <c>colour</c>.</param>
/// <param name="Score">From 0, not at all, to 1; a half and more counts as right.</param>
public sealed record PromptScore(string Aspect, double Score);
