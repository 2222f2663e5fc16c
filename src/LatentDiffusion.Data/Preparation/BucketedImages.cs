using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Runtime.ExceptionServices;
using Microsoft.Extensions.Logging;

namespace LatentDiffusion.Data;

/// <summary>
/// Images of another source, each resized to the size of <see cref="AspectRatioBuckets"/> nearest to its proportions, in
/// batches of one size that are shuffled each epoch. Everything depends only on the seed and the requested indices, so that a
/// run can resume anywhere. Safe for concurrent use.
/// </summary>
public sealed class BucketedImages : ICaptionedImageSource
{
    private readonly ICaptionedImageSource _source;
    private readonly BucketedImagesOptions _options;
    private readonly int[] _bucketOf;
    private readonly long[][] _members;
    private readonly EpochPlans<long[][]> _plans;

    private BucketedImages(ICaptionedImageSource source, AspectRatioBuckets buckets, BucketedImagesOptions options, int[] bucketOf)
    {
        (_source, Buckets, _options, _bucketOf) = (source, buckets, options, bucketOf);
        _members = [.. buckets.Sizes.Select((_, bucket) =>
            bucketOf.Index().Where(p => p.Item == bucket).Select(p => (long)p.Index).ToArray())];
        _plans = new EpochPlans<long[][]>(Plan);
        BatchesPerEpoch = _members.Sum(m => options.Incomplete == IncompleteBatches.Drop
            ? m.Length / options.BatchSize
            : (m.Length + options.BatchSize - 1) / options.BatchSize);
    }

    /// <summary>The sizes.</summary>
    public AspectRatioBuckets Buckets { get; }

    /// <inheritdoc />
    public long? Count => _bucketOf.LongLength;

    /// <inheritdoc />
    public bool HasVariants => true;

    /// <summary>Number of batches per epoch, the same for each.</summary>
    public long BatchesPerEpoch { get; }

    /// <summary>Sorts the images of a source into buckets by their sizes, on all processors.</summary>
    /// <param name="source">A finite source with at least one image.</param>
    /// <param name="buckets">The sizes; null for those of Stable Diffusion XL.</param>
    /// <param name="options">Batches, crops and mirroring; null for the defaults.</param>
    /// <param name="progress">Receives the number of images sorted.</param>
    /// <param name="logger">Receives which buckets are smaller than a batch, and how often their images are seen; null for none.</param>
    /// <param name="cancellationToken">Stops the sorting.</param>
    /// <exception cref="ArgumentException">
    /// The source is infinite or empty, or no bucket fills a batch and incomplete batches are dropped.
    /// </exception>
    /// <exception cref="ValidationException">An option is out of its range.</exception>
    public static BucketedImages Sort(
        ICaptionedImageSource source, AspectRatioBuckets? buckets = null, BucketedImagesOptions? options = null,
        IProgress<long>? progress = null, ILogger? logger = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        (buckets, options) = (buckets ?? new AspectRatioBuckets(), options ?? new BucketedImagesOptions());
        ValidOptions.Check(options);
        if (source.Count is not > 0)
            throw new ArgumentException(
                $"Expected a finite source with at least one image; this one {(source.Count is null ? "is infinite" : "is empty")}.",
                nameof(source));
        var bucketOf = new int[source.Count.Value];
        long done = 0;
        try
        {
            Parallel.For(0, bucketOf.Length, new ParallelOptions { CancellationToken = cancellationToken }, i =>
            {
                (int width, int height) = source.ReadSize(i);
                bucketOf[i] = buckets.Nearest(width, height);
                progress?.Report(Interlocked.Increment(ref done));
            });
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }

        var sorted = new BucketedImages(source, buckets, options, bucketOf);
        if (sorted.BatchesPerEpoch == 0)
            throw new ArgumentException(
                $"No bucket has {options.BatchSize} images, and incomplete batches are dropped: there would be no batch.",
                nameof(options));
        if (logger is not null) sorted.WarnAboutSmallBuckets(logger);
        return sorted;
    }

    /// <summary>Size that an image is resized and cropped to.</summary>
    /// <param name="index">From 0 to <see cref="Count"/>, exclusive.</param>
    public ImageSize SizeOf(long index) => Buckets.Sizes[_bucketOf[index]];

    /// <summary>The images of one bucket, all of its size, for example to cache their latents.</summary>
    /// <param name="bucket">Index of the size in <see cref="Buckets"/>.</param>
    public SubsetImages InBucket(int bucket) => new(this, _members[bucket]);

    /// <summary>Indices of the images of one step, all of one size.</summary>
    /// <param name="step">From 0; step / <see cref="BatchesPerEpoch"/> is the epoch.</param>
    public long[] Batch(long step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        return [.. _plans.PlanFor(step / BatchesPerEpoch)[step % BatchesPerEpoch]];
    }

    /// <summary>The images of one step, all of one size, in the epoch's variant.</summary>
    /// <param name="step">From 0; step / <see cref="BatchesPerEpoch"/> is the epoch.</param>
    public CaptionedImage[] ReadBatch(long step)
    {
        long epoch = step / BatchesPerEpoch;
        return ParallelImageReader.ReadAll(Batch(step), index => Read(index, epoch));
    }

    /// <inheritdoc />
    public CaptionedImage Read(long index) => Read(index, 0);

    /// <inheritdoc />
    public CaptionedImage Read(long index, long variant)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(variant);
        CaptionedImage image = _source.Read(index, variant);
        ImageSize size = SizeOf(index), stored = new(image.Image.Width, image.Image.Height);
        return image.ResizeAndCrop(
            stored.Covering(size), size, _options.Crop, _options.FlipProbability,
            AugmentationSample.Create(_options.Seed, index, variant));
    }

    /// <inheritdoc />
    public string ReadCaption(long index) => _source.ReadCaption(index);

    /// <inheritdoc />
    public string ReadCaption(long index, long variant) =>
        _source.ReadCaption(index, variant);

    /// <inheritdoc />
    public IReadOnlyList<string> ReadCaptions(long index) => _source.ReadCaptions(index);

    /// <inheritdoc />
    public (int Width, int Height) ReadSize(long index) => (SizeOf(index).Width, SizeOf(index).Height);

    private void WarnAboutSmallBuckets(ILogger logger)
    {
        int batch = _options.BatchSize;
        string[] small = [.. _members.Zip(Buckets.Sizes).Where(b => b.First.Length > 0 && b.First.Length < batch).Select(b => string.Create(
            CultureInfo.InvariantCulture, $"{b.Second.Width} x {b.Second.Height} has {b.First.Length} ({Consequence(b.First.Length)})"))];
        if (small.Length > 0)
            logger.LogWarning("Buckets with fewer images than a batch of {BatchSize}: {Buckets}.", batch, MessageText.List(small));

        string Consequence(int members) => _options.Incomplete switch
        {
            IncompleteBatches.Fill =>
                string.Create(CultureInfo.InvariantCulture, $"each is seen {Times((double)batch / members)} an epoch"),
            IncompleteBatches.Drop => "never seen",
            _ => string.Create(
                CultureInfo.InvariantCulture,
                $"a step of {members} only, in which each counts {Times((double)batch / members)} as much as in a whole batch"),
        };

        static string Times(double factor) => string.Create(CultureInfo.InvariantCulture, $"{factor:0.#} times");
    }

    private long[][] Plan(long epoch)
    {
        ulong seed = SeedSequence.ForStep(_options.Seed, epoch);
        var batches = new List<long[]>();
        for (int bucket = 0; bucket < _members.Length; bucket++)
            batches.AddRange(SplitIntoBatches(Shuffle.InPlace([.. _members[bucket]], SeedSequence.ForStep(seed, bucket))));
        return Shuffle.InPlace(batches.ToArray(), SeedSequence.ForStep(seed, _members.Length));
    }

    private IEnumerable<long[]> SplitIntoBatches(long[] members)
    {
        int size = _options.BatchSize;
        foreach (long[] batch in members.Chunk(size))
        {
            if (batch.Length == size || _options.Incomplete == IncompleteBatches.Keep) yield return batch;
            else if (_options.Incomplete == IncompleteBatches.Fill)
                yield return [.. batch, .. Enumerable.Range(0, size - batch.Length).Select(i => members[i % members.Length])];
        }
    }
}
