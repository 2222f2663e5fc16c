using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace LatentDiffusion.Evaluation;

/// <summary>
/// The denoising loss of a set of pictures (the simple loss of Ho et al. 2020, equation 14, on what the network predicts),
/// by timestep and over all.
/// </summary>
/// <remarks>
/// Nothing in it is drawn anew: the timesteps are one from each of equal strata, the same for all pictures, and the noise
/// follows from seed, picture and timestep. Two networks, or one network at two times, are so compared on the same
/// questions. The intervals are over pictures, which are independent; losses of one picture at several timesteps are not.
/// </remarks>
public sealed class DenoisingLoss
{
    private DenoisingLoss(PredictionType prediction, DenoisingLossOptions options, IReadOnlyList<LossBucket> buckets)
    {
        (PredictionType, Options, Buckets) = (prediction, options, buckets);
        // Buckets differ in width by a timestep at most where T is no multiple of them; each weighs as it is wide.
        double[] widths = [.. buckets.Select(b => (double)(b.LastTimestep - b.FirstTimestep + 1))];
        PictureLosses = [.. Enumerable.Range(0, buckets[0].PictureLosses.Count).Select(
            i => buckets.Zip(widths, (bucket, width) => bucket.PictureLosses[i] * width).Sum() / widths.Sum())];
        Overall = Estimate.Of(PictureLosses, options.Confidence);
    }

    /// <summary>What the network predicts; losses of different predictions are not comparable.</summary>
    public PredictionType PredictionType { get; }

    /// <summary>How it was measured.</summary>
    public DenoisingLossOptions Options { get; }

    /// <summary>Number of pictures.</summary>
    public int Pictures => PictureLosses.Count;

    /// <summary>The loss over all timesteps.</summary>
    public Estimate Overall { get; }

    /// <summary>The loss by timestep, from the cleanest.</summary>
    public IReadOnlyList<LossBucket> Buckets { get; }

    /// <summary>The loss of each picture over all timesteps, in the set's order.</summary>
    [JsonIgnore]
    public IReadOnlyList<double> PictureLosses { get; }

    /// <summary>Measures the loss.</summary>
    /// <param name="denoiser">The denoiser.</param>
    /// <param name="process">What it undoes and predicts.</param>
    /// <param name="set">The pictures.</param>
    /// <param name="options">Buckets, counts and seed; null for the defaults.</param>
    /// <param name="progress">Told the share of the work that is done, in [0, 1].</param>
    /// <param name="cancellationToken">Stops it before the next evaluation.</param>
    /// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
    public static DenoisingLoss Measure(
        IDenoiser denoiser, DenoisingProcess process, EvaluationSet set, DenoisingLossOptions? options = null,
        IProgress<double>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        ArgumentNullException.ThrowIfNull(process);
        ArgumentNullException.ThrowIfNull(set);
        options = ValidOptions.Check(options ?? new DenoisingLossOptions());

        Strata.Stratum[][] buckets = [.. Strata.Draw(0, process.Timesteps, options.Buckets, options.Seed)
            .Select(bucket => Strata.Draw(bucket.Low, bucket.High, options.TimestepsPerBucket, options.Seed))];
        int[] timesteps = [.. buckets.SelectMany(b => b).Select(s => s.Drawn)];
        double[][] errors = new DenoisingErrors(denoiser, process, set, options.Seed, options.BatchSize, progress, cancellationToken) { Planned = (long)timesteps.Length * set.Count }
            .At(timesteps, DenoisingErrors.MeanSquare);

        var results = new List<LossBucket>();
        int row = 0;
        foreach (Strata.Stratum[] strata in buckets)
        {
            double width = strata.Sum(s => s.Width);
            double[][] rows = errors[row..(row += strata.Length)];
            double[] pictures = [.. Enumerable.Range(0, set.Count).Select(i => strata.Zip(rows, (s, r) => r[i] * s.Width).Sum() / width)];
            results.Add(new LossBucket(strata[0].Low, strata[^1].High - 1, [.. strata.Select(s => s.Drawn)], Estimate.Of(pictures, options.Confidence))
            {
                PictureLosses = pictures,
            });
        }

        return new DenoisingLoss(process.PredictionType, options, results);
    }
}
