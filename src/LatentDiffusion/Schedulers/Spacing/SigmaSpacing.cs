namespace LatentDiffusion.Schedulers;

/// <summary>Descending noise levels between two ends, by the rule that each paper gives.</summary>
internal static class SigmaSpacing
{
    /// <summary>σ_i = (σ_max^{1/ρ} + i/(n−1)·(σ_min^{1/ρ} − σ_max^{1/ρ}))^ρ (Karras et al. 2022, equation 5).</summary>
    public static double[] Karras(double max, double min, int count, double rho = 7)
    {
        double from = Math.Pow(max, 1 / rho), to = Math.Pow(min, 1 / rho);
        return [.. Grids.Linspace(0, 1, count).Select(u => Math.Pow(from + u * (to - from), rho))];
    }

    /// <summary>Evenly spaced log σ.</summary>
    public static double[] Exponential(double max, double min, int count) =>
        [.. Grids.Linspace(Math.Log(max), Math.Log(min), count).Select(Math.Exp)];

    /// <summary>σ at evenly spaced quantiles of a Beta(0.6, 0.6) distribution (Lee et al. 2024, "Beta Sampling is All You Need").</summary>
    public static double[] Beta(double max, double min, int count) =>
        [.. Grids.Linspace(0, 1, count).Select(u => min + BetaDistribution.Quantile(1 - u, 0.6, 0.6) * (max - min))];
}
