namespace LatentDiffusion.Data;

/// <summary>
/// Edge maps of another source's images (<see cref="CannyEdges"/>), with its captions and variants: control images for the training of a
/// ControlNet. Safe for concurrent use if the source is.
/// </summary>
public sealed class EdgeImages : ICaptionedImageSource
{
    private readonly ICaptionedImageSource _source;
    private readonly int _low, _high;

    /// <summary>Detects the edges of images when they are read.</summary>
    /// <param name="source">The images at the size of the edge maps, for example <see cref="PreparedImages"/>.</param>
    /// <param name="low">Length of the gradient, 0 to 2040, above which a pixel continues an edge. Default 100.</param>
    /// <param name="high">Length of the gradient, at least <paramref name="low"/>, above which a pixel starts an edge. Default 200.</param>
    /// <exception cref="ArgumentOutOfRangeException">A threshold is out of its range.</exception>
    public EdgeImages(ICaptionedImageSource source, int low = 100, int high = 200)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentOutOfRangeException.ThrowIfNegative(low);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(low, 2040);
        ArgumentOutOfRangeException.ThrowIfLessThan(high, low);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(high, 2040);
        (_source, _low, _high) = (source, low, high);
    }

    /// <inheritdoc />
    public long? Count => _source.Count;

    /// <inheritdoc />
    public bool HasVariants => _source.HasVariants;

    /// <inheritdoc />
    public CaptionedImage Read(long index) => Edges(_source.Read(index));

    /// <inheritdoc />
    public CaptionedImage Read(long index, long variant) => Edges(_source.Read(index, variant));

    /// <inheritdoc />
    public string ReadCaption(long index) => _source.ReadCaption(index);

    /// <inheritdoc />
    public string ReadCaption(long index, long variant) => _source.ReadCaption(index, variant);

    /// <inheritdoc />
    public IReadOnlyList<string> ReadCaptions(long index) => _source.ReadCaptions(index);

    /// <inheritdoc />
    public (int Width, int Height) ReadSize(long index) => _source.ReadSize(index);

    private CaptionedImage Edges(CaptionedImage image) => image with { Image = CannyEdges.Detect(image.Image, _low, _high) };
}
