using System.Text.Json.Serialization;

namespace LatentDiffusion.Evaluation;

/// <summary>
/// The loss of pictures that the network has not seen beside that of pictures it was trained on. Memorisation shows as the
/// gap: it is 0 for a network that learned the distribution alone, and grows with what it remembers of single pictures.
/// </summary>
public sealed class LossComparison
{
    /// <summary>Compares two measurements.</summary>
    /// <param name="test">Of unseen pictures.</param>
    /// <param name="training">Of training pictures, measured with the same options.</param>
    /// <exception cref="ArgumentException">They were measured in different ways.</exception>
    public LossComparison(DenoisingLoss test, DenoisingLoss training)
    {
        ArgumentNullException.ThrowIfNull(test);
        ArgumentNullException.ThrowIfNull(training);
        // The batch size changes rounding alone.
        if (test.PredictionType != training.PredictionType || test.Options with { BatchSize = 1 } != training.Options with { BatchSize = 1 }
            || !test.Buckets.SelectMany(b => b.Timesteps).SequenceEqual(training.Buckets.SelectMany(b => b.Timesteps)))
        {
            throw new ArgumentException($"Losses are comparable where prediction and options agree; here they are {test.PredictionType}, {test.Options} and {training.PredictionType}, {training.Options}.", nameof(training));
        }

        (Test, Training, Paired) = (test, training, test.Pictures == training.Pictures);
        Gap = Difference(test.PictureLosses, training.PictureLosses);
        BucketGaps = [.. test.Buckets.Zip(training.Buckets, (a, b) => Difference(a.PictureLosses, b.PictureLosses))];
    }

    /// <summary>Of unseen pictures.</summary>
    [JsonIgnore]
    public DenoisingLoss Test { get; }

    /// <summary>Of training pictures.</summary>
    [JsonIgnore]
    public DenoisingLoss Training { get; }

    /// <summary>
    /// Whether pictures of the same number, which were met with the same noise, are compared with each other. It is so where
    /// the sets are equally large; otherwise the means are (Welch 1947).
    /// </summary>
    public bool Paired { get; }

    /// <summary>Test loss minus training loss, over all timesteps.</summary>
    public Estimate Gap { get; }

    /// <summary>Test loss minus training loss by timestep.</summary>
    public IReadOnlyList<Estimate> BucketGaps { get; }

    /// <summary>Whether the unseen pictures' loss is higher beyond what chance explains: the gap's interval lies above 0.</summary>
    public bool ShowsMemorization => Gap.Low > 0;

    /// <summary>
    /// Numbers of the buckets in which it is, each by itself: what is remembered of a picture's outline shows at noisy timesteps
    /// first. Of forty buckets without any gap, one is among them by chance at a confidence of 95 %: its interval has two sides.
    /// </summary>
    public IReadOnlyList<int> HigherBuckets => [.. Enumerable.Range(0, BucketGaps.Count).Where(i => BucketGaps[i].Low > 0)];

    private Estimate Difference(IReadOnlyList<double> test, IReadOnlyList<double> training) => Paired
        ? Estimate.OfPairedDifference(test, training, Test.Options.Confidence)
        : Estimate.OfDifference(test, training, Test.Options.Confidence);
}
