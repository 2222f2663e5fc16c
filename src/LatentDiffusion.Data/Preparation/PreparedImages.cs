using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Data;

/// <summary>
/// Images of another source, brought to one size: resized by an antialiased filter, cropped, and mirrored at random. A
/// variant is another draw of crop and mirroring, and the other source's variant where it has such; take the number of the
/// epoch for new ones in each. Only the part of an image that the crop keeps is resized. Safe for concurrent use.
/// </summary>
public sealed class PreparedImages : IVariedImageSource
{
    private readonly ICaptionedImageSource _source;
    private readonly PreparedImagesOptions _options;

    /// <summary>Prepares the pictures of a source when they are read.</summary>
    /// <param name="source">Where the pictures come from; with an end or without.</param>
    /// <param name="options">Size, crop and mirroring.</param>
    /// <exception cref="ValidationException">An option is out of its range or contradicts another.</exception>
    public PreparedImages(ICaptionedImageSource source, PreparedImagesOptions options)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(options);
        Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true);
        (_source, _options) = (source, options);
    }

    /// <inheritdoc />
    public long? Count => _source.Count;

    /// <inheritdoc />
    public CaptionedImage Read(long index) => Read(index, 0);

    /// <inheritdoc />
    /// <exception cref="InvalidDataException">With <see cref="ImageFit.Keep"/>: the picture is smaller than the crop.</exception>
    public CaptionedImage Read(long index, long variant)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(variant);
        CaptionedImage image = _source is IVariedImageSource varied ? varied.Read(index, variant) : _source.Read(index);
        var size = new ImageSize(_options.Width, _options.Height);
        ImageSize stored = new(image.Image.Width, image.Image.Height), resized = _options.Fit switch
        {
            ImageFit.Cover => stored.Covering(size, _options.ShorterSide ?? 0),
            ImageFit.Stretch => size,
            _ when stored.Width >= size.Width && stored.Height >= size.Height => stored,
            _ => throw new InvalidDataException($"'{image.Name}' is {stored} pixels, and a crop of {size} is asked for without resizing."),
        };
        return image.Cut(resized, size, _options.Crop, _options.FlipProbability, AugmentationSample.Of(_options.Seed, index, variant));
    }

    /// <inheritdoc />
    public string ReadCaption(long index) => _source.ReadCaption(index);

    /// <inheritdoc />
    public string ReadCaption(long index, long variant) => _source is IVariedImageSource varied ? varied.ReadCaption(index, variant) : _source.ReadCaption(index);

    /// <inheritdoc />
    public IReadOnlyList<string> ReadCaptions(long index) => _source.ReadCaptions(index);

    /// <inheritdoc />
    public (int Width, int Height) ReadSize(long index) => (_options.Width, _options.Height);
}
