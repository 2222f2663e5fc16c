using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// How an adapter changes a parameter: ΔW, which at a scale s becomes W + s·ΔW. Of some kinds ΔW follows from the file only, of others
/// also from W.
/// </summary>
internal abstract class WeightDifference
{
    /// <summary>Computes ΔW.</summary>
    /// <param name="weight">The parameter without any adapter, in float32 on the CPU; not changed.</param>
    /// <returns>ΔW of the shape of the parameter, in float32 on the CPU.</returns>
    public abstract Tensor Compute(Tensor weight);

    /// <summary>ΔW as a product of two narrow matrices; null where it is not one.</summary>
    /// <param name="scale">Factor of the product.</param>
    public virtual LowRankTerm? Factors(double scale) => null;
}
