namespace LatentDiffusion.Evaluation;

/// <summary>How often an aspect of the prompts shows.</summary>
/// <param name="Aspect">The aspect.</param>
/// <param name="Right">Pictures whose score is a half or more, of those whose prompt speaks of the aspect.</param>
/// <param name="MeanScore">Mean score of those pictures.</param>
public sealed record AspectAdherence(string Aspect, Proportion Right, double MeanScore);
