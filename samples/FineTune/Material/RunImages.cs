using System.Globalization;
using LatentDiffusion.Data;
using LatentDiffusion.Samples;
using Microsoft.Extensions.Logging;

namespace FineTune;

/// <summary>The images of a run, sorted into sizes.</summary>
/// <param name="Sorted">Training images.</param>
/// <param name="Variants">Variants of each image.</param>
/// <param name="Validation">Square images that are not trained on; null for none.</param>
/// <param name="Key">Identifies images, captions and their preparation.</param>
internal sealed record RunImages(BucketedImages Sorted, int Variants, ICaptionedImageSource? Validation, string Key)
{
    private const int FirstCaptions = 4;

    private long _most = long.MaxValue;

    /// <summary>Indices of the sizes that have images.</summary>
    public IReadOnlyList<int> Buckets { get; private init; } =
        [.. Enumerable.Range(0, Sorted.Buckets.Sizes.Count).Where(bucket => Sorted.InBucket(bucket).Count > 0)];

    /// <summary>Number of training images.</summary>
    public long Count => Sorted.Count!.Value;

    /// <summary>The images of one size.</summary>
    /// <param name="bucket">Index of the size.</param>
    public ICaptionedImageSource InBucket(int bucket) => Limit(Sorted.InBucket(bucket));

    /// <summary>The images of a source; of <see cref="Largest"/> the first ones only.</summary>
    public ICaptionedImageSource Limit(ICaptionedImageSource images) => images.Count > _most ? First(images, _most) : images;

    /// <summary>The first images of the largest size, and as many to validate on.</summary>
    /// <param name="count">The greatest number.</param>
    public RunImages Largest(int count) => this with
    {
        _most = count,
        Buckets = [Buckets.MaxBy(bucket => (long)Sorted.Buckets.Sizes[bucket].Width * Sorted.Buckets.Sizes[bucket].Height)],
        Validation = Validation is null ? null : First(Validation, count),
    };

    /// <summary>Opens, splits and sorts images.</summary>
    /// <param name="settings">The settings, with the size.</param>
    /// <param name="indexPath">File that stores facts about the images; null for none.</param>
    /// <param name="logger">Receives which images are left out.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="InvalidDataException">No images are left to train on, or too few to validate on.</exception>
    public static RunImages Open(FineTuneSettings settings, string? indexPath, ILogger logger, CancellationToken cancellationToken)
    {
        DataSettings data = settings.Data;
        Progress<long> progress = new(done => ConsoleProgress.Report("reading images", done));
        var reading = new ImageFolderOptions
        {
            CaptionPerLine = !data.WholeCaptions, DefaultCaption = data.DefaultCaption, CaptionColumn = data.Captions,
            UnreadableImageHandling = data.SkipUnreadable ? UnreadableImageHandling.Skip : UnreadableImageHandling.Refuse,
            IndexPath = indexPath,
        };
        StoredImages all = CaptionedImages.Open(data.Path!, reading, logger, progress, cancellationToken);
        var fractions = new DataSplitOptions { Validation = data.Validation, Test = 0 };
        DataSplit split = DataSplit.Create(all, fractions, progress, cancellationToken);
        if (split.Train.Count < 1)
            throw new InvalidDataException($"'{data.Path}' holds {all.Count} images, none of which is left to train on.");
        if (data.Validation > 0 && split.Validation.Count < 2)
        {
            throw new InvalidDataException(string.Create(
                CultureInfo.InvariantCulture,
                $"'{data.Path}' holds {all.Count} images, too few for data.validation {data.Validation}: {split.Validation.Count} are left "
                + $"to validate on; expected a larger fraction, or 0."));
        }

        int size = data.Size!.Value;
        var sorting = new BucketedImagesOptions
        {
            BatchSize = settings.Objective.BatchSize, Crop = data.Crop, FlipProbability = data.Mirror ? 0.5 : 0, Seed = settings.Seed,
        };
        BucketedImages sorted = BucketedImages.Sort(split.Train, Sizes(data, size), sorting, progress, logger, cancellationToken);
        int variants = data.Variants ?? VariantsOf(split.Train, data);
        string content = ContentHash.Compute(all, progress, cancellationToken);
        string key = string.Create(
            CultureInfo.InvariantCulture,
            $"{content}, {data.Validation} held back, {size} pixels, "
            + $"{(data.Buckets ? $"buckets in steps of {data.BucketStep}" : "squares")}, "
            + $"{variants} variants, mirrored {data.Mirror}, crop {data.Crop}, seed {settings.Seed}");
        PreparedImages? validation = data.Validation > 0
            ? new PreparedImages(split.Validation, new PreparedImagesOptions { Width = size, Height = size }) : null;
        return new RunImages(sorted, variants, validation, key);
    }

    /// <summary>The caption of each row of a cache, which has the variants of an image one after the other.</summary>
    public static IEnumerable<string> Captions(ICaptionedImageSource images, int variants) =>
        from image in Enumerable.Range(0, (int)images.Count!.Value)
        from variant in Enumerable.Range(0, variants)
        select variants == 1 ? images.ReadCaption(image) : images.ReadCaption(image, variant);

    /// <summary>The captions of the first images, as prompts.</summary>
    public IReadOnlyList<string> FirstPrompts() =>
        [.. Enumerable.Range(0, (int)Math.Min(Count, FirstCaptions)).Select(i => Sorted.ReadCaption(i))];

    private static SubsetImages First(ICaptionedImageSource images, long most) =>
        new(images, Enumerable.Range(0, (int)Math.Min(images.Count!.Value, most)).Select(i => (long)i));

    private static AspectRatioBuckets Sizes(DataSettings data, int size) => new(new AspectRatioBucketOptions
    {
        Area = (long)size * size, Step = data.Buckets ? data.BucketStep : size, MaximumRatio = data.Buckets ? 4 : 1,
    });

    private static int VariantsOf(SubsetImages images, DataSettings data)
    {
        const int Most = 64;
        int captions = Enumerable.Range(0, (int)images.Count!.Value).Max(i => images.ReadCaptions(i).Count);
        return Math.Clamp(captions * (data.Mirror || data.Crop == CropPosition.Random ? 2 : 1), 1, Most);
    }
}
