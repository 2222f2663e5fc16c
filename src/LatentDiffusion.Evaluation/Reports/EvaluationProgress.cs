namespace LatentDiffusion.Evaluation;

/// <summary>Progress of an evaluation.</summary>
/// <param name="Stage">The current measurement.</param>
/// <param name="Fraction">Fraction of that stage that is done, in [0, 1].</param>
public readonly record struct EvaluationProgress(string Stage, double Fraction);
