namespace LatentDiffusion.Schedulers;

/// <summary>Weights of a noisy sample x = α·x_0 + σ·ε. <see cref="DiffusionProcess.LevelAt"/> returns those of a timestep.</summary>
public readonly record struct NoiseLevel
{
    private NoiseLevel(double alpha, double sigma, double level) => (Alpha, Sigma, Level) = (alpha, sigma, level);

    /// <summary>α, the weight of the clean sample.</summary>
    public double Alpha { get; }

    /// <summary>σ, the weight of the noise.</summary>
    public double Sigma { get; }

    /// <summary>The σ of this level in a scheduler's table; 0 is clean.</summary>
    internal double Level { get; }

    /// <summary>α and σ.</summary>
    /// <param name="alpha">α.</param>
    /// <param name="sigma">σ.</param>
    public void Deconstruct(out double alpha, out double sigma) => (alpha, sigma) = (Alpha, Sigma);

    /// <summary>Half the log signal-to-noise ratio, log α − log σ; +∞ if clean.</summary>
    internal double Lambda => Math.Log(Alpha) - Math.Log(Sigma);

    /// <summary>α² + σ² = 1, from ᾱ.</summary>
    internal static NoiseLevel FromAlphaBar(double alphaBar) =>
        new(Math.Sqrt(alphaBar), Math.Sqrt(1 - alphaBar), Math.Sqrt((1 - alphaBar) / alphaBar));

    /// <summary>α² + σ² = 1, from the ratio σ/α, which is infinite for pure noise.</summary>
    internal static NoiseLevel VariancePreserving(double ratio)
    {
        if (double.IsInfinity(ratio)) return new(0, 1, ratio);
        double alpha = 1 / Math.Sqrt(ratio * ratio + 1);
        return new(alpha, ratio * alpha, ratio);
    }

    /// <summary>α = 1: noise is added without scaling.</summary>
    internal static NoiseLevel VarianceExploding(double sigma) => new(1, sigma, sigma);

    /// <summary>α = 1 − σ: the straight path of flow matching.</summary>
    internal static NoiseLevel Flow(double sigma) => new(1 - sigma, sigma, sigma);
}
