namespace LatentDiffusion.Data;

/// <summary>Selected images of another source, in any order. Safe for concurrent use.</summary>
public sealed class SubsetImages : ICaptionedImageSource
{
    private readonly ICaptionedImageSource _source;
    private readonly long[] _indices;

    /// <summary>Selects images of a source.</summary>
    /// <param name="source">The source.</param>
    /// <param name="indices">Indices of the images in the source, in the order wanted.</param>
    /// <exception cref="ArgumentOutOfRangeException">The source does not have such an image.</exception>
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

    /// <summary>Indices of the images in the other source.</summary>
    public IReadOnlyList<long> Indices => _indices;

    /// <inheritdoc />
    public long? Count => _indices.LongLength;

    /// <inheritdoc />
    public CaptionedImage Read(long index) => _source.Read(Index(index));

    /// <inheritdoc />
    public bool HasVariants => _source.HasVariants;

    /// <inheritdoc />
    public CaptionedImage Read(long index, long variant)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(variant);
        return _source.Read(Index(index), variant);
    }

    /// <inheritdoc />
    public string ReadCaption(long index) => _source.ReadCaption(Index(index));

    /// <inheritdoc />
    public string ReadCaption(long index, long variant) => _source.ReadCaption(Index(index), variant);

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
