using System.Runtime.ExceptionServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LatentDiffusion.Data;

/// <summary>
/// Captioned images in files, with random access. A variant of an image differs only in its caption, if the image has several.
/// The hash of an image needs only its file. Whether it can be read, and what it looks like, needs decoding, once for each image: see
/// <see cref="StoredImagesOptions.IndexPath"/>. Safe for concurrent use.
/// </summary>
public abstract class StoredImages : ICaptionedImageSource
{
    private readonly IImageCodec _codec;
    private readonly StoredImagesOptions _options;
    private readonly ILogger _logger;
    private readonly Lazy<ImageIndex> _index;

    // The rows that are kept; null if all are.
    private long[]? _kept;
    private PublishedPart?[] _parts = [];

    private protected StoredImages(StoredImagesOptions options, ILogger? logger)
    {
        (_codec, _options, _logger) = (options.CodecOrDefault, options, logger ?? NullLogger.Instance);
        // Earlier indices hold hashes of pixels.
        _index = new(() => new ImageIndex(options.IndexPath, $"{ImageDecoding.Identity(_codec)}; {Layout}; hashes of files"));
    }

    /// <summary>Number of images that were not left out.</summary>
    public long? Count => _kept?.LongLength ?? Rows;

    /// <summary>
    /// Images that were left out, in the order of the data set: unreadable ones with <see cref="UnreadableImageHandling.Skip"/>,
    /// and those outside <see cref="StoredImagesOptions.MinimumSide"/> and <see cref="StoredImagesOptions.MaximumAspectRatio"/>.
    /// </summary>
    public IReadOnlyList<UnreadableImage> Unreadable { get; private set; } = [];

    /// <inheritdoc />
    /// <exception cref="ArgumentOutOfRangeException">The index is negative or not below <see cref="Count"/>.</exception>
    /// <exception cref="InvalidDataException">The image cannot be read; the message names it.</exception>
    public CaptionedImage Read(long index) => Read(index, 0);

    /// <inheritdoc />
    /// <remarks>True: variants differ in the caption, of which an image may have several.</remarks>
    public bool HasVariants => true;

    /// <inheritdoc />
    /// <exception cref="ArgumentOutOfRangeException">
    /// The index is negative or not below <see cref="Count"/>, or the variant is negative.
    /// </exception>
    /// <exception cref="InvalidDataException">The image cannot be read; the message names it.</exception>
    public CaptionedImage Read(long index, long variant)
    {
        string caption = ReadCaption(index, variant);
        long row = Row(index);
        return new CaptionedImage(Decode(row), caption, Name(row));
    }

    /// <inheritdoc />
    /// <exception cref="ArgumentOutOfRangeException">The index is negative or not below <see cref="Count"/>.</exception>
    public string ReadCaption(long index) => Captions(Row(index))[0];

    /// <inheritdoc />
    /// <exception cref="ArgumentOutOfRangeException">
    /// The index is negative or not below <see cref="Count"/>, or the variant is negative.
    /// </exception>
    public string ReadCaption(long index, long variant)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(variant);
        IReadOnlyList<string> captions = Captions(Row(index));
        return captions[CaptionOrder.IndexFor(captions.Count, _options.CaptionSeed, index, variant)];
    }

    /// <inheritdoc />
    /// <exception cref="ArgumentOutOfRangeException">The index is negative or not below <see cref="Count"/>.</exception>
    public IReadOnlyList<string> ReadCaptions(long index) => Captions(Row(index));

    /// <inheritdoc />
    /// <exception cref="ArgumentOutOfRangeException">The index is negative or not below <see cref="Count"/>.</exception>
    /// <exception cref="InvalidDataException">The file cannot be read; the message names it.</exception>
    /// <remarks>The hash of the image's file and of the codec's name and settings: nothing is decoded for it.</remarks>
    public byte[] ReadContentHash(long index)
    {
        ImageFacts facts = FactsOfRow(Row(index), decode: false);
        return facts.Hash.Length > 0 ? Convert.FromHexString(facts.Hash) : throw Unusable(Row(index), facts.Problem!, null);
    }

    /// <inheritdoc />
    /// <exception cref="ArgumentOutOfRangeException">The index is negative or not below <see cref="Count"/>.</exception>
    /// <exception cref="InvalidDataException">The image cannot be read; the message names it.</exception>
    public (int Width, int Height) ReadSize(long index) => Size(Row(index));

    internal PerceptualHash ReadPerceptualHash(long index) => Facts(index).Likeness;

    /// <summary>The part that an image was published in; null if the data set was not published in parts, or the image in none.</summary>
    internal PublishedPart? PartOf(long index) => _parts[Row(index)];

    /// <summary>Number of images, readable or not.</summary>
    private protected abstract long Rows { get; }

    /// <summary>Settings that affect an image's content in addition to the codec and the image's name and stamp.</summary>
    private protected abstract string Layout { get; }

    private protected abstract string Name(long row);

    /// <summary>Name of the file that is or contains an image.</summary>
    private protected abstract string FileName(long row);

    /// <summary>The captions of an image, at least one.</summary>
    private protected abstract IReadOnlyList<string> Captions(long row);

    /// <summary>The bytes of an image's file.</summary>
    private protected abstract byte[] Bytes(long row);

    /// <summary>Stamp of the file that contains an image; null if it does not exist.</summary>
    private protected abstract FileStamp? Stamp(long row);

    /// <summary>Why an image cannot be used, if that is known before its file is opened.</summary>
    private protected virtual string? KnownProblem(long row) => null;

    /// <summary>Determines and logs which images are left out. Called once, at the end of opening.</summary>
    private protected void Inspect(string path, LeftOut leftOut, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        _parts = PublishedParts.FromNames(Enumerable.Range(0, checked((int)Rows)).Select(i => FileName(i)));
        if (_options.UnreadableImageHandling == UnreadableImageHandling.Skip
            || _options.MinimumSide > 1
            || _options.MaximumAspectRatio is not null)
            LeaveOut(path, progress, cancellationToken);
        if (leftOut.Count > 0)
            _logger.LogWarning("{Path}: {Images} images are read. Left out: {LeftOut}", path, Count, leftOut.ToString());
        if (Array.Exists(_parts, p => p is not null))
            _logger.LogInformation(
                "{Path} was published in parts: {Parts}. A split keeps them apart.", path,
                string.Join(", ", _parts.GroupBy(p => p?.ToString() ?? "unnamed").Select(g => $"{g.Key} {g.Count()}")));
    }

    private void LeaveOut(string path, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var reasons = new string?[Rows];
        long done = 0;
        _logger.LogInformation("{Path}: inspecting {Images} images", path, Rows);
        try
        {
            Parallel.For(0L, Rows, new ParallelOptions { CancellationToken = cancellationToken }, row =>
            {
                reasons[row] = Reason(row);
                progress?.Report(Interlocked.Increment(ref done));
            });
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }

        _index.Value.Save();
        UnreadableImage[] unreadable =
            [.. reasons.Index().Where(r => r.Item is not null).Select(r => new UnreadableImage(Name(r.Index), r.Item!))];
        foreach (UnreadableImage image in unreadable) _logger.LogWarning("{Image} is left out: {Reason}", image.Name, image.Reason);
        if (unreadable.Length == 0) return;
        if (unreadable.Length == reasons.Length)
            throw new InvalidDataException(
                $"None of the {reasons.Length} images can be used; the first is '{unreadable[0].Name}': {unreadable[0].Reason}");
        Unreadable = unreadable;
        _kept = [.. reasons.Index().Where(r => r.Item is null).Select(r => (long)r.Index)];
    }

    private string? Reason(long row)
    {
        if (_options.UnreadableImageHandling == UnreadableImageHandling.Skip
            && (KnownProblem(row) ?? CaptionProblem(row) ?? FactsOfRow(row, decode: true).Problem) is { } problem)
            return problem;
        (int width, int height) = Size(row);
        (int shorter, int longer) = (Math.Min(width, height), Math.Max(width, height));
        if (shorter < _options.MinimumSide)
            return $"it is {width} x {height} pixels; {nameof(StoredImagesOptions.MinimumSide)} is {_options.MinimumSide}.";
        return longer > (_options.MaximumAspectRatio ?? double.PositiveInfinity) * shorter
            ? $"it is {width} x {height} pixels; {nameof(StoredImagesOptions.MaximumAspectRatio)} is {_options.MaximumAspectRatio}."
            : null;
    }

    private string? CaptionProblem(long row)
    {
        try
        {
            Captions(row);
            return null;
        }
        catch (InvalidDataException e)
        {
            return e.Message;
        }
    }

    private long Row(long index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count!.Value);
        return _kept is null ? index : _kept[index];
    }

    private ImageFacts Facts(long index)
    {
        long row = Row(index);
        ImageFacts facts = FactsOfRow(row, decode: true);
        return facts.Problem is null ? facts : throw Unusable(row, facts.Problem, null);
    }

    private ImageFacts FactsOfRow(long row, bool decode)
    {
        FileStamp? stamp = Stamp(row);
        ImageFacts? known = stamp is { } before ? _index.Value.Find(Name(row), before) : null;
        if (known is not null && (known.IsDecoded || !decode)) return known;
        ImageFacts facts;
        try
        {
            byte[] file = Bytes(row);
            facts = new ImageFacts(ImageDecoding.Hash(_codec, file));
            if (decode) facts = Decoded(facts, file);
        }
        catch (InvalidDataException e)
        {
            facts = ImageFacts.Unreadable(e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Not added to the index: the next attempt may succeed.
            return ImageFacts.Unreadable(e.Message);
        }

        if (stamp is { } now) _index.Value.Add(Name(row), now, facts);
        // At the end of a pass over all images, which may follow one that only hashed their files.
        if ((decode ? _index.Value.DecodedCount : _index.Value.Count) == Rows) _index.Value.Save();
        return facts;
    }

    private ImageFacts Decoded(ImageFacts facts, byte[] file)
    {
        try
        {
            return facts.Decoded(_codec.Decode(file));
        }
        catch (InvalidDataException e)
        {
            return facts with { Problem = e.Message };
        }
    }

    private (int Width, int Height) Size(long row)
    {
        if (Stamp(row) is { } stamp && _index.Value.Find(Name(row), stamp) is { IsDecoded: true, Problem: null } known)
            return (known.Width, known.Height);
        return Named(row, _codec.ReadSize);
    }

    private ImageBuffer Decode(long row) => Named(row, _codec.Decode);

    private T Named<T>(long row, ImageDecoding.Reader<T> read)
    {
        try
        {
            return read(Bytes(row));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw Unusable(row, e.Message, e);
        }
    }

    private InvalidDataException Unusable(long row, string reason, Exception? cause) =>
        new($"'{Name(row)}' cannot be read: {reason}", cause);
}
