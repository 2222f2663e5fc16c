using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Data;

/// <summary>Options common to all stored data sets.</summary>
public record StoredImagesOptions
{
    /// <summary>Column or property with the caption: a text, or a list of texts. Default <c>text</c>.</summary>
    public string CaptionColumn { get; init; } = "text";

    /// <summary>
    /// Seed for choosing the caption of a variant of an image with several captions. Consecutive variants take different captions
    /// until each was taken once, in an order that depends on seed and image. Variant 0 takes the first. Default 0.
    /// </summary>
    public ulong CaptionSeed { get; init; }

    /// <summary>Handling of images that cannot be read. Default <see cref="UnreadableImageHandling.Refuse"/>.</summary>
    public UnreadableImageHandling UnreadableImageHandling { get; init; } = UnreadableImageHandling.Refuse;

    /// <summary>Images whose shorter side has fewer pixels are left out and logged. At least 1, the default.</summary>
    [Range(1, int.MaxValue)]
    public int MinimumSide { get; init; } = 1;

    /// <summary>
    /// Images whose longer side is more than this many times the shorter are left out and logged. At least 1; null (the default)
    /// for no limit.
    /// </summary>
    [Range(1.0, double.MaxValue)]
    public double? MaximumAspectRatio { get; init; }

    /// <summary>
    /// Whether links that lead out of the data set's folder are followed. Default false: only links within it are followed, others
    /// are left out, because a link named like a caption file could otherwise expose any file as a caption.
    /// </summary>
    public bool FollowExternalLinks { get; init; }

    /// <summary>
    /// File that stores sizes, hashes and readability between runs, so that images with unchanged length and modification time
    /// are not decoded again; its folder must exist. Null (the default) keeps them only in memory.
    /// </summary>
    public string? IndexPath { get; init; }

    /// <summary>
    /// Decodes the images; null for a <see cref="SkiaImageCodec"/>, which blends transparent pixels with white. For another
    /// colour: <c>new SkiaImageCodec { Background = new RgbColor(0, 0, 0) }</c>. The codec's
    /// <see cref="IImageCodec.FileExtensions"/> decide which files of a folder are images.
    /// </summary>
    public IImageCodec? Codec { get; init; }

    internal IImageCodec CodecOrDefault => Codec ?? new SkiaImageCodec();
}
