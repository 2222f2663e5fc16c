namespace LatentDiffusion.Data;

/// <summary>Some pictures of another source, in an order of their own. Safe for concurrent use.</summary>
public sealed class SubsetImages : IVariedImageSource
{
    private readonly ICaptionedImageSource _source;
    private readonly long[] _indices;

    /// <summary>Takes some pictures.</summary>
    /// <param name="source">Where the pictures are.</param>
    /// <param name="indices">Which of them, in the order wanted.</param>
    /// <exception cref="ArgumentOutOfRangeException">The source has no such picture.</exception>
    public SubsetImages(ICaptionedImageSource source, IEnumerable<long> indices)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(indices);
        (_source, _indices) = (source, [.. indices]);
        foreach (long index in _indices)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index, nameof(indices));
            if (source.Count is { } count) ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, count, nameof(indices));
        }
    }

    internal ICaptionedImageSource Source => _source;

    /// <summary>Numbers of the images in the other source.</summary>
    public IReadOnlyList<long> Indices => _indices;

    /// <inheritdoc />
    public long? Count => _indices.LongLength;

    /// <inheritdoc />
    public CaptionedImage Read(long index) => _source.Read(Index(index));

    /// <inheritdoc />
    /// <exception cref="NotSupportedException">Another variant than 0 is asked for, and the other source has none.</exception>
    public CaptionedImage Read(long index, long variant)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(variant);
        return _source is IVariedImageSource varied ? varied.Read(Index(index), variant)
            : variant == 0 ? Read(index)
            : throw new NotSupportedException($"{_source.GetType().Name} has no variants: prepare its pictures with {nameof(PreparedImages)}.");
    }

    /// <inheritdoc />
    public string ReadCaption(long index) => _source.ReadCaption(Index(index));

    /// <inheritdoc />
    /// <exception cref="NotSupportedException">Another variant than 0 is asked for, and the other source has none.</exception>
    public string ReadCaption(long index, long variant) =>
        _source is IVariedImageSource varied ? varied.ReadCaption(Index(index), variant) : variant == 0 ? ReadCaption(index) : Read(index, variant).Caption;

    /// <inheritdoc />
    public IReadOnlyList<string> ReadCaptions(long index) => _source.ReadCaptions(Index(index));

    /// <inheritdoc />
    public byte[] ReadContentHash(long index) => _source.ReadContentHash(Index(index));

    /// <inheritdoc />
    public (int Width, int Height) ReadSize(long index) => _source.ReadSize(Index(index));

    private long Index(long index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, _indices.LongLength);
        return _indices[index];
    }
}
