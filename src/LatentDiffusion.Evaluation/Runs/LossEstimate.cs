namespace LatentDiffusion.Evaluation;

/// <summary>A mean loss over a set of images, with its standard error.</summary>
/// <param name="Mean">The mean.</param>
/// <param name="StandardError">Standard deviation between images, divided by the root of their number; 0 for a single image.</param>
/// <param name="ImageCount">Number of images.</param>
public sealed record LossEstimate(double Mean, double StandardError, int ImageCount)
{
    /// <summary>Computes the estimate from one loss per image.</summary>
    /// <param name="losses">At least one loss.</param>
    /// <exception cref="ArgumentException">No losses are given.</exception>
    public static LossEstimate FromLosses(IReadOnlyList<double> losses)
    {
        ArgumentNullException.ThrowIfNull(losses);
        if (losses.Count == 0) throw new ArgumentException("A mean needs at least one loss.", nameof(losses));
        double mean = losses.Average();
        double variance = losses.Count < 2 ? 0 : losses.Sum(l => (l - mean) * (l - mean)) / (losses.Count - 1);
        return new LossEstimate(mean, Math.Sqrt(variance / losses.Count), losses.Count);
    }

    /// <summary>Half width of the mean's confidence interval, by Student's distribution; 0 for a single image.</summary>
    /// <param name="confidence">In (0, 1). Default 0.95.</param>
    public double Margin(double confidence = 0.95) =>
        ImageCount < 2 ? 0 : StandardError * StudentDistribution.Quantile((1 + confidence) / 2, ImageCount - 1);
}
