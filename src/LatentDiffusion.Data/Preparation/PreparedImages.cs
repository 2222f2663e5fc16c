using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Data;

/// <summary>
/// Pictures of another source, brought to one size: resized by an antialiased filter, cropped, and mirrored at random. A
/// variant is another draw of crop and mirroring; take the number of the epoch for new ones in each. Safe for concurrent use.
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
        CaptionedImage picture = _source.Read(index);
        var size = new ImageSize(_options.Width, _options.Height);
        ImageBuffer image = picture.Image, resized = _options.Fit switch
        {
            ImageFit.Cover => image.Cover(size, _options.ShorterSide ?? 0),
            ImageFit.Stretch => image.Resize(size.Width, size.Height),
            _ when image.Width >= size.Width && image.Height >= size.Height => image,
            _ => throw new InvalidDataException($"'{picture.Name}' is {image.Width} x {image.Height} pixels, and a crop of {size} is asked for without resizing."),
        };
        return picture.Cut(resized, size, _options.Crop, _options.FlipProbability, ImageDraws.Of(_options.Seed, index, variant));
    }

    /// <inheritdoc />
    public string ReadCaption(long index) => _source.ReadCaption(index);
}
