using static TorchSharp.torch;

namespace LatentDiffusion.Schedulers;

/// <summary>Noise added before a step, and the higher level that the sample then has (Karras et al. 2022, algorithm 2).</summary>
internal static class Churn
{
    /// <summary>The level σ̂ = (1 + γ)·σ.</summary>
    /// <param name="options">How much; null for none.</param>
    /// <param name="sigma">The current level.</param>
    /// <param name="intervals">Number of intervals that the amount is spread over.</param>
    public static double Raise(ChurnOptions? options, double sigma, int intervals)
    {
        if (options is null || sigma < options.MinimumSigma || sigma > options.MaximumSigma) return sigma;
        return sigma * (1 + Math.Min(options.Churn / intervals, Math.Sqrt(2) - 1));
    }

    /// <summary>The sample with noise up to the higher level.</summary>
    public static Tensor Add(ChurnOptions options, Tensor sample, Tensor noise, double sigma, double raised) =>
        LinearCombination.Compute((1, sample), (options.NoiseScale * Math.Sqrt(raised * raised - sigma * sigma), noise));
}
