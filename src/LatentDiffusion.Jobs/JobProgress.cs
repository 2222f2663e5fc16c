namespace LatentDiffusion.Jobs;

/// <summary>Progress of a running job.</summary>
/// <param name="CompletedSteps">Completed evaluations of the network, over all images.</param>
/// <param name="TotalSteps">Total number of evaluations.</param>
/// <param name="Preview">The newest preview as an object of the store; null before the first.</param>
public sealed record JobProgress(int CompletedSteps, int TotalSteps, StoredImage? Preview);
