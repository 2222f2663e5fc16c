namespace LatentDiffusion.Data;

/// <summary>
/// Repeats a finite source forever: every image once per epoch. Order and, if the source has variants, variant depend on the
/// epoch's number. Sequential reading then sees shuffled epochs with new crops in each, and can resume anywhere. Safe for
/// concurrent use.
/// </summary>
public sealed class RepeatingSource : ICaptionedImageSource
{
    private readonly ICaptionedImageSource _source;
    private readonly EpochPlans<int[]> _orders;
    private readonly int _count;

    /// <summary>Repeats a source.</summary>
    /// <param name="source">A finite source with at least one image.</param>
    /// <param name="seed">Seed of the orders. Default 0.</param>
    /// <exception cref="ArgumentException">The source is infinite or empty.</exception>
    public RepeatingSource(ICaptionedImageSource source, ulong seed = 0)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (source.Count is not > 0)
            throw new ArgumentException(
                $"Expected a finite source with at least one image; this one {(source.Count is null ? "is infinite" : "is empty")}.",
                nameof(source));
        (_source, _count) = (source, checked((int)source.Count));
        _orders = new EpochPlans<int[]>(epoch => Shuffle.InPlace([.. Enumerable.Range(0, _count)], SeedSequence.ForStep(seed, epoch)));
    }

    /// <summary>Null: the source is infinite.</summary>
    public long? Count => null;

    /// <inheritdoc />
    public CaptionedImage Read(long index)
    {
        long epoch = Epoch(index);
        int image = _orders.PlanFor(epoch)[index % _count];
        return _source.Read(image, epoch);
    }

    /// <inheritdoc />
    public string ReadCaption(long index)
    {
        long epoch = Epoch(index);
        int image = _orders.PlanFor(epoch)[index % _count];
        return _source.ReadCaption(image, epoch);
    }

    /// <inheritdoc />
    public IReadOnlyList<string> ReadCaptions(long index) => [ReadCaption(index)];

    private long Epoch(long index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        return index / _count;
    }
}
