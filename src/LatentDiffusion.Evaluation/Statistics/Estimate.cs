namespace LatentDiffusion.Evaluation;

/// <summary>A mean over independent values, with its confidence interval.</summary>
/// <param name="Mean">The mean.</param>
/// <param name="StandardError">Standard deviation of the mean.</param>
/// <param name="Low">Lower end of the confidence interval (Student's).</param>
/// <param name="High">Upper end of the confidence interval.</param>
/// <param name="Count">Number of values.</param>
public sealed record Estimate(double Mean, double StandardError, double Low, double High, int Count)
{
    /// <summary>The mean of values.</summary>
    /// <param name="values">At least two, independent of each other.</param>
    /// <param name="confidence">Fraction of such intervals that contain the true mean, in (0, 1). Default 0.95.</param>
    /// <exception cref="ArgumentException">There are fewer than two values.</exception>
    public static Estimate FromValues(IReadOnlyList<double> values, double confidence = 0.95)
    {
        (double mean, double variance) = Moments(values);
        return Around(mean, Math.Sqrt(variance / values.Count), values.Count - 1, values.Count, confidence);
    }

    /// <summary>The difference of two means of unrelated values, first minus second (Welch 1947).</summary>
    /// <param name="first">At least two values.</param>
    /// <param name="second">At least two values; the number may differ.</param>
    /// <param name="confidence">In (0, 1). Default 0.95.</param>
    /// <exception cref="ArgumentException">There are fewer than two values.</exception>
    public static Estimate FromDifference(IReadOnlyList<double> first, IReadOnlyList<double> second, double confidence = 0.95)
    {
        (double firstMean, double firstVariance) = Moments(first);
        (double secondMean, double secondVariance) = Moments(second);
        double a = firstVariance / first.Count, b = secondVariance / second.Count, sum = a + b;
        double degrees = sum == 0 ? first.Count + second.Count - 2 : sum * sum / (a * a / (first.Count - 1) + b * b / (second.Count - 1));
        // Rounded down, for a slightly wider interval.
        return Around(firstMean - secondMean, Math.Sqrt(sum), Math.Max(1, (int)degrees), first.Count + second.Count, confidence);
    }

    /// <summary>The mean of the differences of paired values, first minus second.</summary>
    /// <param name="first">At least two values.</param>
    /// <param name="second">As many values, in the order of their pairs.</param>
    /// <param name="confidence">In (0, 1). Default 0.95.</param>
    /// <exception cref="ArgumentException">There are fewer than two values, or the counts differ.</exception>
    public static Estimate FromPairedDifference(IReadOnlyList<double> first, IReadOnlyList<double> second, double confidence = 0.95)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        if (first.Count != second.Count)
            throw new ArgumentException(
                $"Pairs need as many values on both sides; there are {first.Count} and {second.Count}.", nameof(second));
        return FromValues([.. first.Zip(second, (a, b) => a - b)], confidence);
    }

    private static (double Mean, double Variance) Moments(IReadOnlyList<double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (values.Count < 2)
            throw new ArgumentException(
                $"An estimate with an interval needs at least two values; there are {values.Count}.", nameof(values));
        double mean = values.Average();
        return (mean, values.Sum(v => (v - mean) * (v - mean)) / (values.Count - 1));
    }

    private static Estimate Around(double mean, double error, int degrees, int count, double confidence)
    {
        double reach = Quantiles.Student(confidence, degrees) * error;
        return new Estimate(mean, error, mean - reach, mean + reach, count);
    }
}
