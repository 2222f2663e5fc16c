using System.Runtime.ExceptionServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LatentDiffusion.Data;

/// <summary>Captioned pictures in files. Any index at any time, and safe for concurrent use.</summary>
public abstract class StoredImages : ICaptionedImageSource
{
    private readonly IImageCodec _codec;
    private readonly OnUnreadable _onUnreadable;
    private readonly ILogger _logger;

    // Which rows are counted, where some are left out.
    private long[]? _readable;

    private protected StoredImages(StoredImagesOptions options, ILogger? logger) =>
        (_codec, _onUnreadable, _logger) = (options.Codec ?? new SkiaImageCodec(), options.OnUnreadable, logger ?? NullLogger.Instance);

    /// <summary>Number of pictures, without those that were left out.</summary>
    public long? Count => _readable?.LongLength ?? Rows;

    /// <summary>What was left out, in the order of the data set; empty unless <see cref="OnUnreadable.Skip"/> was asked for.</summary>
    public IReadOnlyList<UnreadableImage> Unreadable { get; private set; } = [];

    /// <inheritdoc />
    /// <exception cref="ArgumentOutOfRangeException">There is no such picture.</exception>
    /// <exception cref="InvalidDataException">The picture cannot be read; the message names it.</exception>
    public CaptionedImage Read(long index) => Decode(Row(index));

    /// <inheritdoc />
    /// <exception cref="ArgumentOutOfRangeException">There is no such picture.</exception>
    public string ReadCaption(long index) => Caption(Row(index));

    /// <summary>Number of pictures, readable or not.</summary>
    private protected abstract long Rows { get; }

    private protected abstract string Name(long row);

    private protected abstract string Caption(long row);

    /// <summary>The bytes of a picture's file. Throws what reading throws.</summary>
    private protected abstract byte[] Bytes(long row);

    /// <summary>Finds out what cannot be read, where such pictures are to be left out. Called once, at the end of opening.</summary>
    private protected void Inspect()
    {
        if (_onUnreadable == OnUnreadable.Refuse) return;
        var reasons = new string?[Rows];
        try
        {
            Parallel.For(0L, Rows, row => reasons[row] = Problem(row));
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }

        UnreadableImage[] unreadable = [.. reasons.Index().Where(r => r.Item is not null).Select(r => new UnreadableImage(Name(r.Index), r.Item!))];
        foreach (UnreadableImage image in unreadable) _logger.LogWarning("{Picture} is left out: {Reason}", image.Name, image.Reason);
        if (unreadable.Length == 0) return;
        if (unreadable.Length == reasons.Length)
            throw new InvalidDataException($"None of the {reasons.Length} pictures can be read; the first is '{unreadable[0].Name}': {unreadable[0].Reason}");
        Unreadable = unreadable;
        _readable = [.. reasons.Index().Where(r => r.Item is null).Select(r => (long)r.Index)];
    }

    private long Row(long index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count!.Value);
        return _readable is null ? index : _readable[index];
    }

    private string? Problem(long row)
    {
        try
        {
            Decode(row);
            return null;
        }
        catch (InvalidDataException e)
        {
            return (e.InnerException ?? e).Message;
        }
    }

    private CaptionedImage Decode(long row)
    {
        string name = Name(row);
        try
        {
            return new CaptionedImage(_codec.Decode(Bytes(row)), Caption(row), name);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new InvalidDataException($"'{name}' cannot be read: {e.Message}", e);
        }
    }
}
