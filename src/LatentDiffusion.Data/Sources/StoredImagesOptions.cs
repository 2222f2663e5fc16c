namespace LatentDiffusion.Data;

/// <summary>What holds for every kind of stored data set.</summary>
public record StoredImagesOptions
{
    /// <summary>Column, or property, that holds the caption. Default <c>text</c>.</summary>
    public string CaptionColumn { get; init; } = "text";

    /// <summary>What to do with pictures that cannot be read. Default <see cref="OnUnreadable.Refuse"/>.</summary>
    public OnUnreadable OnUnreadable { get; init; } = OnUnreadable.Refuse;

    /// <summary>
    /// Decodes the pictures; null for a <see cref="SkiaImageCodec"/>, which lays transparent pixels on white. For another
    /// colour: <c>new SkiaImageCodec { Background = new RgbColor(0, 0, 0) }</c>.
    /// </summary>
    public IImageCodec? Codec { get; init; }
}
