using System.ComponentModel.DataAnnotations;
using System.Text.Json;

namespace LatentDiffusion.Data;

/// <summary>
/// Images of another source at one size: resized with an antialiasing filter, cropped, and mirrored at random. A variant
/// is another random crop and mirroring, and the source's own variant if it has variants; pass the epoch as the variant to get
/// new ones each epoch. Only the part of an image inside the crop is resized. Safe for concurrent use.
/// </summary>
/// <example>
/// <code>
/// using LatentDiffusion.Data;
///
/// PreparedImagesOptions options = new() { Width = 512, Height = 512, FlipProbability = 0.5 };
/// var images = new PreparedImages(CaptionedImages.Open("photos"), options);
/// int epoch = 3;
/// CaptionedImage image = images.Read(0, variant: epoch);
/// </code>
/// </example>
public sealed class PreparedImages : ICaptionedImageSource
{
    private readonly ICaptionedImageSource _source;
    private readonly PreparedImagesOptions _options;

    /// <summary>Prepares the images of a source when they are read.</summary>
    /// <param name="source">The images; finite or infinite.</param>
    /// <param name="options">Size, crop and mirroring.</param>
    /// <exception cref="ValidationException">An option is out of its range or contradicts another.</exception>
    public PreparedImages(ICaptionedImageSource source, PreparedImagesOptions options)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(options);
        ValidOptions.Check(options);
        (_source, _options) = (source, options);
    }

    /// <inheritdoc />
    public long? Count => _source.Count;

    /// <summary>
    /// A key for caches of these images: the images and captions of the source (<see cref="ContentHash.Compute(ICaptionedImageSource,
    /// IProgress{long}?, CancellationToken)"/>) and the options, and thus all variants. Unlike the hash of the prepared images it decodes
    /// nothing where the source is of files.
    /// </summary>
    /// <param name="progress">Receives the number of images done.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <returns>A text without line breaks.</returns>
    /// <exception cref="ArgumentException">The source is infinite.</exception>
    public string ComputeCacheKey(IProgress<long>? progress = null, CancellationToken cancellationToken = default) =>
        $"{ContentHash.Compute(_source, progress, cancellationToken)} "
            + JsonSerializer.Serialize(_options, DataJson.Default.PreparedImagesOptions);

    /// <inheritdoc />
    public bool HasVariants => true;

    /// <inheritdoc />
    public CaptionedImage Read(long index) => Read(index, 0);

    /// <inheritdoc />
    /// <exception cref="InvalidDataException">With <see cref="ImageFit.Keep"/>: the image is smaller than the crop.</exception>
    public CaptionedImage Read(long index, long variant)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(variant);
        CaptionedImage image = _source.Read(index, variant);
        var size = new ImageSize(_options.Width, _options.Height);
        ImageSize stored = new(image.Image.Width, image.Image.Height), resized = _options.Fit switch
        {
            ImageFit.Cover => stored.Covering(size, _options.ShorterSide ?? 0),
            ImageFit.Stretch => size,
            _ when stored.Width >= size.Width && stored.Height >= size.Height => stored,
            _ => throw new InvalidDataException($"'{image.Name}' has {stored} pixels, too few for a crop of {size} without resizing."),
        };
        return image.ResizeAndCrop(
            resized, size, _options.Crop, _options.FlipProbability, AugmentationSample.Create(_options.Seed, index, variant));
    }

    /// <inheritdoc />
    public string ReadCaption(long index) => _source.ReadCaption(index);

    /// <inheritdoc />
    public string ReadCaption(long index, long variant) => _source.ReadCaption(index, variant);

    /// <inheritdoc />
    public IReadOnlyList<string> ReadCaptions(long index) => _source.ReadCaptions(index);

    /// <inheritdoc />
    public (int Width, int Height) ReadSize(long index) => (_options.Width, _options.Height);
}
