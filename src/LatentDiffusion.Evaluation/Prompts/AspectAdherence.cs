namespace LatentDiffusion.Evaluation;

/// <summary>How often images show an aspect of their prompts.</summary>
/// <param name="Aspect">The aspect.</param>
/// <param name="Right">Images that score at least a half, of those whose prompt mentions the aspect.</param>
/// <param name="MeanScore">Mean score of the images whose prompt mentions the aspect.</param>
public sealed record AspectAdherence(string Aspect, Proportion Right, double MeanScore);
