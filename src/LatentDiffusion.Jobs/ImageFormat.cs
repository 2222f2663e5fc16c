using System.Net.Mime;

namespace LatentDiffusion.Jobs;

/// <summary>How an image is written.</summary>
/// <param name="MediaType">For example <c>image/png</c>, <c>image/jpeg</c> or <c>image/webp</c>.</param>
/// <param name="Quality">Quality of JPEG and WebP from 1 to 100; null for the codec's default. PNG is lossless at any quality.</param>
public sealed record ImageFormat(string MediaType, int? Quality = null)
{
    /// <summary>PNG, lossless.</summary>
    public static ImageFormat Png { get; } = new(MediaTypeNames.Image.Png);

    /// <summary>Format of the settings in the file; null, the default, for that of the pipeline.</summary>
    public MetadataFormat? Metadata { get; init; }

    /// <summary>
    /// Extension of a file of this type with the dot, for example <c>.jpg</c>; <c>.bin</c> for types without a usual one.
    /// </summary>
    public string Extension => MediaType.ToLowerInvariant() switch
    {
        MediaTypeNames.Image.Jpeg => ".jpg",
        MediaTypeNames.Image.Tiff => ".tif",
        ['i', 'm', 'a', 'g', 'e', '/', .. { Length: > 0 and < 10 } type] when type.All(char.IsAsciiLetterOrDigit) => "." + type,
        _ => ".bin",
    };
}
