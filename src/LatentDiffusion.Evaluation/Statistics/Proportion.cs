namespace LatentDiffusion.Evaluation;

/// <summary>
/// A proportion of successes, with Wilson's score interval (Wilson 1927), which is sound near 0 and 1 and for few cases.
/// </summary>
/// <param name="Successes">Number of successes.</param>
/// <param name="Count">Number of cases.</param>
/// <param name="Fraction">Successes divided by cases.</param>
/// <param name="Low">Lower end of the confidence interval.</param>
/// <param name="High">Upper end of the confidence interval.</param>
public sealed record Proportion(int Successes, int Count, double Fraction, double Low, double High)
{
    /// <summary>Computes the proportion of successes.</summary>
    /// <param name="successes">From 0 to <paramref name="count"/>.</param>
    /// <param name="count">At least 1.</param>
    /// <param name="confidence">In (0, 1). Default 0.95.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    public static Proportion FromCounts(int successes, int count, double confidence = 0.95)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(successes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(successes, count);
        double z = Quantiles.Normal(confidence), fraction = (double)successes / count, spread = z * z / count;
        double centre = (fraction + spread / 2) / (1 + spread);
        double reach = z / (1 + spread) * Math.Sqrt(fraction * (1 - fraction) / count + spread / (4 * count));
        double low = successes == 0 ? 0 : Math.Max(0, centre - reach), high = successes == count ? 1 : Math.Min(1, centre + reach);
        return new Proportion(successes, count, fraction, low, high);
    }
}
