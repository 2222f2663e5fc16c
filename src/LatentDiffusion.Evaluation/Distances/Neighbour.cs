namespace LatentDiffusion.Evaluation;

/// <summary>The image of a set that is nearest to a query.</summary>
/// <param name="Index">Its index in the set.</param>
/// <param name="Distance">Root mean square difference of the features.</param>
public sealed record Neighbour(int Index, double Distance);
