namespace LatentDiffusion;

/// <summary>Progress of a generation.</summary>
/// <param name="Evaluation">Completed evaluations of the network, over all images.</param>
/// <param name="Evaluations">Total number of evaluations.</param>
/// <param name="Image">Index of the image that is denoised, from 0; of a batch, the first.</param>
/// <param name="Timestep">The training timestep that was evaluated.</param>
public readonly record struct GenerationProgress(int Evaluation, int Evaluations, int Image, double Timestep);
