namespace LatentDiffusion.Evaluation;

/// <summary>The picture of a set that is nearest to another one.</summary>
/// <param name="Index">Its index in the set.</param>
/// <param name="Distance">Root mean square difference of the features.</param>
public sealed record Neighbour(int Index, double Distance);
