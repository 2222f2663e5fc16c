using System.Buffers.Binary;
using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;

namespace LatentDiffusion.Data;

/// <summary>
/// A data set in three parts that share no image. Parts that the data set was published in are kept. Otherwise an image's part
/// follows only from its pixels: the same in every order, under every name and whatever else the set holds, so that it may
/// grow without a test image ever having been trained on, and equal images are in one part.
/// </summary>
/// <remarks>
/// An image's place is a number uniform in [0, 1), from SHA-256 of the seed and its <see cref="ContentHash"/>. Parts have
/// the fractions asked for on average: of n images, a fraction s holds s·n ± √(s·(1 − s)·n), and in a small set may hold none.
/// </remarks>
public sealed class DataSplit
{
    private DataSplit(ICaptionedImageSource source, PublishedPart[] parts, HashSet<long> leftOut)
    {
        LeftOut = [.. leftOut.Order()];
        (Train, Validation, Test) = (Take(PublishedPart.Train), Take(PublishedPart.Validation), Take(PublishedPart.Test));

        SubsetImages Take(PublishedPart part) => new(source, parts.Index().Where(p => p.Item == part && !leftOut.Contains(p.Index)).Select(p => (long)p.Index));
    }

    /// <summary>What to train on.</summary>
    public SubsetImages Train { get; }

    /// <summary>What to watch training by.</summary>
    public SubsetImages Validation { get; }

    /// <summary>What to test with, once.</summary>
    public SubsetImages Test { get; }

    /// <summary>Numbers of the images that are in no part: see <see cref="DataSplitOptions.NearDuplicateBits"/>.</summary>
    public IReadOnlyList<long> LeftOut { get; }

    /// <summary>Divides a data set. Reads every image whose hash the source does not know, on all processors; none where the published parts are all that is wanted.</summary>
    /// <param name="source">A source with an end. Divide it before preparing its images, so that the parts do not change with their size.</param>
    /// <param name="options">Fractions and seed; null for 90, 5 and 5 of a hundred.</param>
    /// <param name="progress">Receives the number of images done.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="ArgumentException">The source has no end.</exception>
    /// <exception cref="ValidationException">A fraction is out of its range, or none is left for training.</exception>
    public static DataSplit Of(
        ICaptionedImageSource source, DataSplitOptions? options = null, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        options ??= new DataSplitOptions();
        Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true);
        if (source.Count is not { } count) throw new ArgumentException("A source without end cannot be divided; take a part of it.", nameof(source));
        var published = new PublishedPart?[count];
        if (options.KeepPublishedParts)
            for (int i = 0; i < count; i++) published[i] = source.PartOf(i);
        // What was published is not taken again from what is left.
        var left = options with
        {
            Validation = published.Contains(PublishedPart.Validation) ? 0 : options.Validation, Test = published.Contains(PublishedPart.Test) ? 0 : options.Test,
        };
        byte[][]? hashes = left.Validation > 0 || left.Test > 0 ? ContentHash.OfEach(source, progress, cancellationToken) : null;
        PublishedPart[] parts = [.. published.Select((part, i) =>
            part is PublishedPart.Validation or PublishedPart.Test ? part.Value : hashes is null ? PublishedPart.Train : PartOf(hashes[i], left))];
        HashSet<long> leftOut = options.NearDuplicateBits is { } bits ? NearDuplicates.Find(source, parts, bits, progress, cancellationToken) : [];
        return new DataSplit(source, parts, leftOut);
    }

    private static PublishedPart PartOf(byte[] hash, DataSplitOptions options)
    {
        byte[] seeded = new byte[sizeof(ulong) + hash.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(seeded, options.Seed);
        hash.CopyTo(seeded, sizeof(ulong));
        double place = (BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(seeded)) >> 11) * (1.0 / (1UL << 53));
        return place < options.Test ? PublishedPart.Test : place < options.Test + options.Validation ? PublishedPart.Validation : PublishedPart.Train;
    }
}
