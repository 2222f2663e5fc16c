using System.Text.Json.Serialization;

namespace LatentDiffusion.Evaluation;

/// <summary>
/// Compares the loss of unseen images with that of training images. The gap shows memorization: it is 0 for a network that
/// learned only the distribution, and grows as it memorizes single images.
/// </summary>
public sealed class LossComparison
{
    /// <summary>Compares two measurements.</summary>
    /// <param name="test">Loss of unseen images.</param>
    /// <param name="training">Loss of training images, measured with the same options.</param>
    /// <exception cref="ArgumentException">They were measured with different options.</exception>
    public LossComparison(DenoisingLoss test, DenoisingLoss training)
    {
        ArgumentNullException.ThrowIfNull(test);
        ArgumentNullException.ThrowIfNull(training);
        // The batch size only changes rounding.
        if (test.PredictionType != training.PredictionType
            || test.Options with { BatchSize = 1 } != training.Options with { BatchSize = 1 }
            || !test.Buckets.SelectMany(b => b.Timesteps).SequenceEqual(training.Buckets.SelectMany(b => b.Timesteps)))
        {
            throw new ArgumentException(
                $"Losses are comparable only with equal prediction type and options; these have {test.PredictionType}, {test.Options} "
                + $"and {training.PredictionType}, {training.Options}.", nameof(training));
        }

        (Test, Training, Paired) = (test, training, test.ImageCount == training.ImageCount);
        Gap = Difference(test.ImageLosses, training.ImageLosses);
        BucketGaps = [.. test.Buckets.Zip(training.Buckets, (a, b) => Difference(a.ImageLosses, b.ImageLosses))];
    }

    /// <summary>Loss of unseen images.</summary>
    [JsonIgnore]
    public DenoisingLoss Test { get; }

    /// <summary>Loss of training images.</summary>
    [JsonIgnore]
    public DenoisingLoss Training { get; }

    /// <summary>
    /// Whether images with the same index, and therefore the same noise, are compared pairwise. True if the sets have the same
    /// size; otherwise the means are compared (Welch 1947).
    /// </summary>
    public bool Paired { get; }

    /// <summary>Test loss minus training loss, over all timesteps.</summary>
    public Estimate Gap { get; }

    /// <summary>Test loss minus training loss by timestep.</summary>
    public IReadOnlyList<Estimate> BucketGaps { get; }

    /// <summary>Whether the loss of unseen images is significantly higher: the interval of the gap lies above 0.</summary>
    public bool ShowsMemorization => Gap.Low > 0;

    /// <summary>
    /// Indices of the buckets with a significant gap, each taken by itself: memorized outlines of images show at noisy timesteps
    /// first. Of forty buckets without a gap, one is included by chance at a confidence of 95 %, because intervals have two sides.
    /// </summary>
    public IReadOnlyList<int> HigherBuckets => [.. Enumerable.Range(0, BucketGaps.Count).Where(i => BucketGaps[i].Low > 0)];

    private Estimate Difference(IReadOnlyList<double> test, IReadOnlyList<double> training) => Paired
        ? Estimate.FromPairedDifference(test, training, Test.Options.Confidence)
        : Estimate.FromDifference(test, training, Test.Options.Confidence);
}
