namespace LatentDiffusion.Data;

/// <summary>
/// A source with an end, over and over: every picture once an epoch, in an order and, where the source has variants, in a
/// variant that follow from the epoch's number. What asks for one picture after the other then sees shuffled epochs with
/// new crops in each, and can go on anywhere. Safe for concurrent use.
/// </summary>
public sealed class RepeatingSource : ICaptionedImageSource
{
    private readonly ICaptionedImageSource _source;
    private readonly EpochPlans<int[]> _orders;
    private readonly int _count;

    /// <summary>Repeats a source.</summary>
    /// <param name="source">A source with an end and at least one picture.</param>
    /// <param name="seed">Seed of the orders. Default 0.</param>
    /// <exception cref="ArgumentException">The source has no end already, or no picture.</exception>
    public RepeatingSource(ICaptionedImageSource source, ulong seed = 0)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (source.Count is not > 0) throw new ArgumentException($"A source with an end and at least one picture is needed; this one has {source.Count?.ToString() ?? "no end"}.", nameof(source));
        (_source, _count) = (source, checked((int)source.Count));
        _orders = new EpochPlans<int[]>(epoch => Shuffle.InPlace([.. Enumerable.Range(0, _count)], SeedSequence.Of(seed, epoch)));
    }

    /// <summary>Null: it has no end.</summary>
    public long? Count => null;

    /// <inheritdoc />
    public CaptionedImage Read(long index)
    {
        long epoch = Epoch(index);
        int picture = _orders.Of(epoch)[index % _count];
        return _source is IVariedImageSource varied ? varied.Read(picture, epoch) : _source.Read(picture);
    }

    /// <inheritdoc />
    public string ReadCaption(long index)
    {
        long epoch = Epoch(index);
        int image = _orders.Of(epoch)[index % _count];
        return _source is IVariedImageSource varied ? varied.ReadCaption(image, epoch) : _source.ReadCaption(image);
    }

    /// <inheritdoc />
    public IReadOnlyList<string> ReadCaptions(long index) => [ReadCaption(index)];

    private long Epoch(long index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        return index / _count;
    }
}
