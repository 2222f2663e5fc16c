namespace LatentDiffusion;

/// <summary>α and σ of the levels of a grid.</summary>
internal static class SolverLevels
{
    /// <summary>On the straight path of a flow, or on a variance-preserving one.</summary>
    public static NoiseLevel[] Of(SamplingGrid grid, bool flow) =>
        [.. grid.Sigmas.Select(s => flow ? NoiseLevel.Flow(s) : NoiseLevel.VariancePreserving(s))];
}
