using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace LatentDiffusion.Evaluation;

/// <summary>
/// The denoising loss of a set of images (the simple loss of Ho et al. 2020, equation 14, on the network's prediction), by
/// timestep and overall.
/// </summary>
/// <remarks>
/// Nothing is drawn again between measurements: one timestep is taken from each of equal strata, the same for all images, and the
/// noise depends only on seed, image and timestep. Two networks, or two states of one network, are therefore compared on the
/// same inputs. The intervals are over images, which are independent; losses of one image at several timesteps are not.
/// </remarks>
public sealed class DenoisingLoss
{
    private DenoisingLoss(PredictionType prediction, DenoisingLossOptions options, IReadOnlyList<LossBucket> buckets)
    {
        (PredictionType, Options, Buckets) = (prediction, options, buckets);
        // If T is not a multiple of the bucket count, widths differ by at most one timestep; each bucket is weighted by its width.
        double[] widths = [.. buckets.Select(b => (double)(b.LastTimestep - b.FirstTimestep + 1))];
        ImageLosses = [.. Enumerable.Range(0, buckets[0].ImageLosses.Count).Select(
            i => buckets.Zip(widths, (bucket, width) => bucket.ImageLosses[i] * width).Sum() / widths.Sum())];
        Overall = Estimate.FromValues(ImageLosses, options.Confidence);
    }

    /// <summary>The network's prediction type; losses of different prediction types are not comparable.</summary>
    public PredictionType PredictionType { get; }

    /// <summary>Options of the measurement.</summary>
    public DenoisingLossOptions Options { get; }

    /// <summary>Number of images.</summary>
    public int ImageCount => ImageLosses.Count;

    /// <summary>The loss over all timesteps.</summary>
    public Estimate Overall { get; }

    /// <summary>The loss by timestep, from the least noisy.</summary>
    public IReadOnlyList<LossBucket> Buckets { get; }

    /// <summary>The loss of each image over all timesteps, in the set's order.</summary>
    [JsonIgnore]
    public IReadOnlyList<double> ImageLosses { get; }

    /// <summary>Measures the loss.</summary>
    /// <param name="denoiser">The denoiser.</param>
    /// <param name="process">The forward process and prediction type.</param>
    /// <param name="set">The images.</param>
    /// <param name="options">Buckets, counts and seed; null for the defaults.</param>
    /// <param name="progress">Receives the fraction of the work that is done, in [0, 1].</param>
    /// <param name="cancellationToken">Checked before each evaluation.</param>
    /// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
    public static DenoisingLoss Measure(
        IDenoiser denoiser, DiffusionProcess process, EvaluationSet set, DenoisingLossOptions? options = null,
        IProgress<double>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        ArgumentNullException.ThrowIfNull(process);
        ArgumentNullException.ThrowIfNull(set);
        options = ValidOptions.Check(options ?? new DenoisingLossOptions());

        Strata.Stratum[][] buckets = [.. Strata.Draw(0, process.TrainingTimesteps, options.Buckets, options.Seed)
            .Select(bucket => Strata.Draw(bucket.Low, bucket.High, options.TimestepsPerBucket, options.Seed))];
        int[] timesteps = [.. buckets.SelectMany(b => b).Select(s => s.Drawn)];
        var measurement = new DenoisingErrors(denoiser, process, set, options.Seed, options.BatchSize, progress, cancellationToken)
        {
            Planned = (long)timesteps.Length * set.Count, Processes = options.Processes,
        };
        double[][] errors = measurement.At(timesteps, DenoisingErrors.MeanSquare);

        var results = new List<LossBucket>();
        int row = 0;
        foreach (Strata.Stratum[] strata in buckets)
        {
            double width = strata.Sum(s => s.Width);
            double[][] rows = errors[row..(row += strata.Length)];
            double[] losses = [.. Enumerable.Range(0, set.Count).Select(i => strata.Zip(rows, (s, r) => r[i] * s.Width).Sum() / width)];
            int[] drawn = [.. strata.Select(s => s.Drawn)];
            results.Add(new LossBucket(strata[0].Low, strata[^1].High - 1, drawn, Estimate.FromValues(losses, options.Confidence))
            {
                ImageLosses = losses,
            });
        }

        return new DenoisingLoss(process.PredictionType, options, results);
    }
}
