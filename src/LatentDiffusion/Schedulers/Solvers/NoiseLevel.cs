namespace LatentDiffusion;

/// <summary>How a noisy sample is made: x = α·x_0 + σ·ε.</summary>
/// <param name="Alpha">Weight of the signal.</param>
/// <param name="Sigma">Weight of the noise.</param>
/// <param name="Level">The σ that names this level in a scheduler's table; 0 is clean.</param>
internal readonly record struct NoiseLevel(double Alpha, double Sigma, double Level)
{
    /// <summary>Half the log signal-to-noise ratio, log α − log σ; +∞ where clean.</summary>
    public double Lambda => Math.Log(Alpha) - Math.Log(Sigma);

    /// <summary>α² + σ² = 1, from ᾱ.</summary>
    public static NoiseLevel FromAlphaBar(double alphaBar) =>
        new(Math.Sqrt(alphaBar), Math.Sqrt(1 - alphaBar), Math.Sqrt((1 - alphaBar) / alphaBar));

    /// <summary>α² + σ² = 1, from the ratio σ/α.</summary>
    public static NoiseLevel VariancePreserving(double ratio)
    {
        double alpha = 1 / Math.Sqrt(ratio * ratio + 1);
        return new(alpha, ratio * alpha, ratio);
    }

    /// <summary>α = 1: noise is added and nothing scaled.</summary>
    public static NoiseLevel VarianceExploding(double sigma) => new(1, sigma, sigma);

    /// <summary>α = 1 − σ: the straight path of flow matching.</summary>
    public static NoiseLevel Flow(double sigma) => new(1 - sigma, sigma, sigma);
}
