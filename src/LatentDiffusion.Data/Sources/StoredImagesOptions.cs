using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Data;

/// <summary>What holds for every kind of stored data set.</summary>
public record StoredImagesOptions
{
    /// <summary>Column, or property, that holds the caption: a text, or a list of texts. Default <c>text</c>.</summary>
    public string CaptionColumn { get; init; } = "text";

    /// <summary>
    /// Seed of the caption that a variant of an image takes where it has several: of as many variants as there are captions,
    /// each takes another, in an order that follows from seed and image. Variant 0 takes the first. Default 0.
    /// </summary>
    public ulong CaptionSeed { get; init; }

    /// <summary>What to do with images that cannot be read. Default <see cref="UnreadableImageHandling.Refuse"/>.</summary>
    public UnreadableImageHandling OnUnreadable { get; init; } = UnreadableImageHandling.Refuse;

    /// <summary>Images whose shorter side has fewer pixels are left out and named in the log. At least 1, the default.</summary>
    [Range(1, int.MaxValue)]
    public int MinimumSide { get; init; } = 1;

    /// <summary>Images whose longer side is more than this many times the shorter are left out and named in the log. At least 1; null (the default) for no limit.</summary>
    [Range(1.0, double.MaxValue)]
    public double? MaximumAspectRatio { get; init; }

    /// <summary>
    /// Whether links are followed that lead out of the data set's folder. Default false: links within it are followed, others
    /// are left out. A caption that is a link to any file is otherwise read as a caption.
    /// </summary>
    public bool FollowExternalLinks { get; init; }

    /// <summary>
    /// File that keeps sizes, hashes and readability between runs, so that images that have the same length and modification
    /// time as before are not decoded again; its folder exists. Null (the default) keeps them in memory only.
    /// </summary>
    public string? IndexPath { get; init; }

    /// <summary>
    /// Decodes the images; null for a <see cref="SkiaImageCodec"/>, which lays transparent pixels on white. For another
    /// colour: <c>new SkiaImageCodec { Background = new RgbColor(0, 0, 0) }</c>. Which files of a folder are images follows
    /// from its <see cref="IImageCodec.FileExtensions"/>.
    /// </summary>
    public IImageCodec? Codec { get; init; }

    internal IImageCodec CodecOrDefault => Codec ?? new SkiaImageCodec();
}
