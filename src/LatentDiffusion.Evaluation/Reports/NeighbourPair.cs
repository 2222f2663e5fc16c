namespace LatentDiffusion.Evaluation;

/// <summary>A generated image and the training image nearest to it.</summary>
/// <param name="Prompt">The generated image's prompt.</param>
/// <param name="Seed">The generated image's seed.</param>
/// <param name="TrainingIndex">Index of the nearest training image.</param>
/// <param name="TrainingName">Name of the nearest training image.</param>
/// <param name="Distance">Root mean square difference of the features.</param>
public sealed record NeighbourPair(string Prompt, ulong Seed, int TrainingIndex, string TrainingName, double Distance);
