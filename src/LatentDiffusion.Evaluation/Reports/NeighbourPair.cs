namespace LatentDiffusion.Evaluation;

/// <summary>A generated picture and the training picture nearest to it.</summary>
/// <param name="Prompt">The generated picture's prompt.</param>
/// <param name="Seed">The generated picture's seed.</param>
/// <param name="TrainingIndex">Index of the nearest training picture.</param>
/// <param name="TrainingName">Its name.</param>
/// <param name="Distance">Root mean square difference of the features.</param>
public sealed record NeighbourPair(string Prompt, ulong Seed, int TrainingIndex, string TrainingName, double Distance);
