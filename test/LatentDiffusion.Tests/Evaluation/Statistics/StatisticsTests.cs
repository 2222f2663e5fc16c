using LatentDiffusion.Evaluation;
using Xunit;

namespace LatentDiffusion.Tests.Evaluation;

public sealed class StatisticsTests
{
    /// <summary>Percentage points from published tables of Student's and of the normal distribution.</summary>
    [Theory]
    [InlineData(0.95, 1, 12.706204736)]
    [InlineData(0.95, 2, 4.302652730)]
    [InlineData(0.95, 4, 2.776445105)]
    [InlineData(0.95, 9, 2.262157163)]
    [InlineData(0.99, 9, 3.249835542)]
    [InlineData(0.90, 30, 1.697260887)]
    [InlineData(0.95, 100, 1.983971519)]
    [InlineData(0.95, 1_000_000, 1.959963985)]
    public void Quantiles_are_those_of_the_tables(double confidence, int degrees, double expected) =>
        Assert.Equal(expected, Quantiles.Student(confidence, degrees), 2e-9 * expected);

    [Fact]
    public void An_estimate_is_mean_and_Students_interval()
    {
        Estimate estimate = Estimate.FromValues([1, 2, 4, 5, 8]);
        Assert.Equal(4, estimate.Mean, 1e-15);
        Assert.Equal(Math.Sqrt(7.5 / 5), estimate.StandardError, 1e-15);
        Assert.Equal(4 + 2.776445105 * Math.Sqrt(1.5), estimate.High, 1e-8);
        Assert.Equal(8, estimate.Low + estimate.High, 1e-12);
    }

    /// <summary>Both samples are of one distribution, so a 95 % interval of the difference misses 0 once in about twenty times.</summary>
    [Fact]
    public void Intervals_cover_as_often_as_they_say()
    {
        var random = new Random(5);
        int plain = 0, welch = 0, paired = 0;
        const int Trials = 3000;
        for (int i = 0; i < Trials; i++)
        {
            double[] a = Normals(random, 6, 1), b = Normals(random, 9, 3), c = Normals(random, 6, 2);
            if (Estimate.FromValues(a) is { Low: <= 0, High: >= 0 }) plain++;
            if (Estimate.FromDifference(a, b) is { Low: <= 0, High: >= 0 }) welch++;
            if (Estimate.FromPairedDifference([.. a.Zip(c, (x, y) => x + y)], c) is { Low: <= 0, High: >= 0 }) paired++;
        }

        // Within four standard errors of the coverage.
        double margin = 4 * Math.Sqrt(0.95 * 0.05 / Trials);
        Assert.InRange((double)plain / Trials, 0.95 - margin, 0.95 + margin);
        Assert.InRange((double)welch / Trials, 0.95 - margin, 0.97 + margin);
        Assert.InRange((double)paired / Trials, 0.95 - margin, 0.95 + margin);
    }

    /// <summary>Published intervals: Newcombe 1998, table I, method 3.</summary>
    [Theory]
    [InlineData(81, 263, 0.2553, 0.3662)]
    [InlineData(15, 148, 0.0624, 0.1605)]
    [InlineData(0, 20, 0, 0.1611)]
    [InlineData(1, 29, 0.0061, 0.1718)]
    [InlineData(29, 29, 0.8830, 1)]
    public void Wilsons_interval_is_the_published_one(int successes, int count, double low, double high)
    {
        Proportion proportion = Proportion.FromCounts(successes, count);
        Assert.Equal(low, proportion.Low, 5e-5);
        Assert.Equal(high, proportion.High, 5e-5);
        Assert.Equal((double)successes / count, proportion.Fraction);
    }

    [Fact]
    public void What_cannot_be_estimated_is_refused()
    {
        Assert.Contains("at least two", Assert.Throws<ArgumentException>(() => Estimate.FromValues([3])).Message, StringComparison.Ordinal);
        string message = Assert.Throws<ArgumentException>(() => Estimate.FromPairedDifference([1, 2], [1, 2, 3])).Message;
        Assert.Contains("2 and 3", message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => Estimate.FromValues([1, 2], 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Proportion.FromCounts(3, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => Proportion.FromCounts(0, 0));
    }

    private static double[] Normals(Random random, int count, double deviation) => [.. Enumerable.Range(0, count).Select(
        _ => deviation * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()))];
}
