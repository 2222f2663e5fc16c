using static TorchSharp.torch;

namespace LatentDiffusion.Schedulers;

/// <summary>Weighted sums of tensors: every update of every scheduler is one.</summary>
internal static class LinearCombination
{
    /// <summary>
    /// Σ wᵢ·tᵢ as a new tensor. Terms of weight 0 are left out, so that they need not be finite.
    /// </summary>
    public static Tensor Compute(params ReadOnlySpan<(double Weight, Tensor Value)> terms)
    {
        Tensor? sum = null;
        foreach ((double weight, Tensor value) in terms)
        {
            if (weight == 0) continue;
            if (sum is null) sum = value.Multiply(weight);
            else sum.AddInPlace(value, weight);
        }

        return sum ?? zeros_like(terms[0].Value);
    }
}
