using System.Buffers.Binary;
using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;

namespace LatentDiffusion.Data;

/// <summary>
/// A data set divided into three parts that have no image in common. Parts that the data set was published in are kept.
/// Otherwise an image's part depends only on its content, not on order, name or the rest of the set. The set may therefore grow
/// without a test image ever having been trained on, and equal images are in one part.
/// </summary>
/// <remarks>
/// SHA-256 of the seed and an image's <see cref="ICaptionedImageSource.ReadContentHash"/> gives a number uniform in [0, 1) that decides
/// its part. Parts have the requested fractions on average: of n images, a fraction s holds s·n ± √(s·(1 − s)·n); in a small set it may
/// hold none.
/// </remarks>
public sealed class DataSplit
{
    private DataSplit(ICaptionedImageSource source, PublishedPart[] parts, HashSet<long> leftOut)
    {
        LeftOut = [.. leftOut.Order()];
        (Train, Validation, Test) = (Take(PublishedPart.Train), Take(PublishedPart.Validation), Take(PublishedPart.Test));

        SubsetImages Take(PublishedPart part) =>
            new(source, parts.Index().Where(p => p.Item == part && !leftOut.Contains(p.Index)).Select(p => (long)p.Index));
    }

    /// <summary>Images for training.</summary>
    public SubsetImages Train { get; }

    /// <summary>Images for monitoring training.</summary>
    public SubsetImages Validation { get; }

    /// <summary>Images for the final test.</summary>
    public SubsetImages Test { get; }

    /// <summary>Indices of the images that are in no part: see <see cref="DataSplitOptions.NearDuplicateBits"/>.</summary>
    public IReadOnlyList<long> LeftOut { get; }

    /// <summary>
    /// Divides a data set. Reads every image whose hash the source does not know, on all processors; none if only published parts
    /// are requested.
    /// </summary>
    /// <param name="source">A finite source. Divide it before preparing its images, so that the parts do not depend on their size.</param>
    /// <param name="options">Fractions and seed; null for 90 % training, 5 % validation, 5 % test.</param>
    /// <param name="progress">Receives the number of images done.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="ArgumentException">The source is infinite.</exception>
    /// <exception cref="ValidationException">A fraction is out of its range, or none is left for training.</exception>
    public static DataSplit Create(
        ICaptionedImageSource source, DataSplitOptions? options = null, IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        options ??= new DataSplitOptions();
        ValidOptions.Check(options);
        if (source.Count is not { } count)
            throw new ArgumentException("An infinite source cannot be divided; take a finite subset of it.", nameof(source));
        var published = new PublishedPart?[count];
        if (options.KeepPublishedParts)
            for (int i = 0; i < count; i++) published[i] = source.PartOf(i);
        // A part that was published is not also taken from the rest.
        var left = options with
        {
            Validation = published.Contains(PublishedPart.Validation) ? 0 : options.Validation,
            Test = published.Contains(PublishedPart.Test) ? 0 : options.Test,
        };
        byte[][]? hashes = left.Validation > 0 || left.Test > 0 ? ContentHash.ComputeEach(source, progress, cancellationToken) : null;
        PublishedPart[] parts = [.. published.Select((part, i) =>
            part is PublishedPart.Validation or PublishedPart.Test ? part.Value
            : hashes is null ? PublishedPart.Train
            : PartOf(hashes[i], left))];
        HashSet<long> leftOut = options.NearDuplicateBits is { } bits
            ? NearDuplicates.Find(source, parts, bits, progress, cancellationToken)
            : [];
        return new DataSplit(source, parts, leftOut);
    }

    private static PublishedPart PartOf(byte[] hash, DataSplitOptions options)
    {
        byte[] seeded = new byte[sizeof(ulong) + hash.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(seeded, options.Seed);
        hash.CopyTo(seeded, sizeof(ulong));
        double place = (BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(seeded)) >> 11) * (1.0 / (1UL << 53));
        return place < options.Test ? PublishedPart.Test
            : place < options.Test + options.Validation ? PublishedPart.Validation
            : PublishedPart.Train;
    }
}
