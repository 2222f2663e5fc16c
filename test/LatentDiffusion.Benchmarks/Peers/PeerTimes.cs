namespace LatentDiffusion.Benchmarks;

/// <summary>Times of one engine.</summary>
/// <param name="Seconds">Time of each evaluation, in order.</param>
/// <param name="ProcessorSeconds">Processor time of each evaluation over all threads, including those that wait in a loop.</param>
internal sealed record PeerTimes(IReadOnlyList<double> Seconds, IReadOnlyList<double> ProcessorSeconds)
{
    private double[] Sorted => [.. Seconds.Order()];

    /// <summary>The middle one.</summary>
    public double Median => Sorted[Seconds.Count / 2];

    /// <summary>The smallest.</summary>
    public double Fastest => Seconds.Min();

    /// <summary>Distance of the quartiles as a fraction of the median.</summary>
    public double Spread => (Sorted[Seconds.Count * 3 / 4] - Sorted[Seconds.Count / 4]) / Median;

    /// <summary>The smallest processor time.</summary>
    public double FastestProcessor => ProcessorSeconds.Min();
}
