namespace LatentDiffusion;

/// <summary>Progress of a generation.</summary>
/// <param name="CompletedSteps">Completed evaluations of the network, over all images.</param>
/// <param name="TotalSteps">Total number of evaluations.</param>
/// <param name="ImageIndex">Index of the image that is denoised, from 0; of a batch, the first.</param>
/// <param name="Timestep">The training timestep that was evaluated.</param>
public readonly record struct GenerationProgress(int CompletedSteps, int TotalSteps, int ImageIndex, double Timestep);
