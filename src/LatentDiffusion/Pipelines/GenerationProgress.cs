namespace LatentDiffusion;

/// <summary>Where a generation stands.</summary>
/// <param name="Evaluation">Evaluations of the network done, over all pictures.</param>
/// <param name="Evaluations">Evaluations in all.</param>
/// <param name="Image">Number of the picture worked on, from 0.</param>
/// <param name="Timestep">The training timestep just evaluated.</param>
public readonly record struct GenerationProgress(int Evaluation, int Evaluations, int Image, double Timestep);
