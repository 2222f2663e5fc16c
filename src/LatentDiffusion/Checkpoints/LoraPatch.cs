namespace LatentDiffusion.Checkpoints;

/// <summary>A change of one parameter by an adapter: LoRA, or another kind.</summary>
/// <param name="Component">Network that the parameter belongs to.</param>
/// <param name="Parameter">Published name of the parameter.</param>
/// <param name="Difference">How it changes the parameter.</param>
internal sealed record LoraPatch(string Component, string Parameter, WeightDifference Difference)
{
    /// <summary>The difference of a LoRA.</summary>
    /// <exception cref="InvalidCastException">The patch is of another kind.</exception>
    public LowRankDifference LowRank => (LowRankDifference)Difference;
}
