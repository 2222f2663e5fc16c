using System.Buffers.Binary;
using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;

namespace LatentDiffusion.Data;

/// <summary>
/// A data set in three parts that share no picture. Where a picture goes follows from its pixels alone: the same in every
/// order, under every name and whatever else the set holds, so that it may grow without a test picture ever having been
/// trained on, and equal pictures go together.
/// </summary>
/// <remarks>
/// A picture's place is a number uniform in [0, 1), from SHA-256 of the seed and its <see cref="ContentHash"/>. Parts have
/// the shares asked for on average: of n pictures, a share s holds s·n ± √(s·(1 − s)·n), and in a small set may hold none.
/// </remarks>
public sealed class DataSplit
{
    private DataSplit(ICaptionedImageSource source, Part[] parts) =>
        (Train, Validation, Test) = (Take(source, parts, Part.Train), Take(source, parts, Part.Validation), Take(source, parts, Part.Test));

    private enum Part
    {
        Train,
        Validation,
        Test,
    }

    /// <summary>What to train on.</summary>
    public SubsetImages Train { get; }

    /// <summary>What to watch training by.</summary>
    public SubsetImages Validation { get; }

    /// <summary>What to test with, once.</summary>
    public SubsetImages Test { get; }

    /// <summary>Divides a data set. Reads every picture once, on all processors.</summary>
    /// <param name="source">A source with an end. Divide it before preparing its pictures, so that the parts do not change with their size.</param>
    /// <param name="options">Shares and seed; null for 90, 5 and 5 of a hundred.</param>
    /// <param name="progress">Told the number of pictures done.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="ArgumentException">The source has no end.</exception>
    /// <exception cref="ValidationException">A share is out of its range, or none is left for training.</exception>
    public static DataSplit Of(
        ICaptionedImageSource source, DataSplitOptions? options = null, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        options ??= new DataSplitOptions();
        Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true);
        return new DataSplit(source, Array.ConvertAll(ContentHash.OfEach(source, progress, cancellationToken), hash => PartOf(hash, options)));
    }

    private static Part PartOf(byte[] hash, DataSplitOptions options)
    {
        byte[] seeded = new byte[sizeof(ulong) + hash.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(seeded, options.Seed);
        hash.CopyTo(seeded, sizeof(ulong));
        double place = (BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(seeded)) >> 11) * (1.0 / (1UL << 53));
        return place < options.Test ? Part.Test : place < options.Test + options.Validation ? Part.Validation : Part.Train;
    }

    private static SubsetImages Take(ICaptionedImageSource source, Part[] parts, Part part) =>
        new(source, parts.Index().Where(p => p.Item == part).Select(p => (long)p.Index));
}
