namespace LatentDiffusion.Evaluation;

/// <summary>Where an evaluation stands.</summary>
/// <param name="Stage">What is being measured.</param>
/// <param name="Share">Share of that stage that is done, in [0, 1].</param>
public readonly record struct EvaluationProgress(string Stage, double Share);
