using static TorchSharp.torch;

namespace LatentDiffusion.Evaluation;

/// <summary>−log p(x_0|x_1), nats per dimension.</summary>
internal static class DataTerm
{
    // The published lower limit for the probability of a level.
    private const double LeastProbability = 1e-12;

    /// <summary>The term of each image.</summary>
    /// <param name="clean">x_0, float64.</param>
    /// <param name="mean">Mean of the Gaussian.</param>
    /// <param name="logVariance">Logarithm of the variance of each value.</param>
    /// <param name="likelihood">Density or probability of the level.</param>
    /// <returns>[batch].</returns>
    public static Tensor Compute(Tensor clean, Tensor mean, Tensor logVariance, DataLikelihood likelihood)
    {
        Tensor centred = clean - mean;
        if (likelihood == DataLikelihood.Density)
            return (centred.Square() * (-logVariance).exp()).Add(logVariance).Add(Math.Log(2 * Math.PI)).Multiply(0.5).mean([1, 2, 3]);

        // Levels are 2/255 apart; the outermost reach to infinity.
        const double Half = 1.0 / 255;
        Tensor deviation = logVariance.Multiply(0.5).exp();
        Tensor above = Normal(centred.Add(Half) / deviation), below = Normal(centred.Add(-Half) / deviation);
        Tensor probability = where(clean.LessThan(-0.999), above, where(clean.GreaterThan(0.999), below.SubtractFrom(1), above - below));
        return -probability.ClampMin(LeastProbability).log().mean([1, 2, 3]);
    }

    private static Tensor Normal(Tensor z) => z.Divide(Math.Sqrt(2)).erf().Add(1).Divide(2);
}
