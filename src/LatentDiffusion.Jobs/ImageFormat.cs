using System.Net.Mime;

namespace LatentDiffusion.Jobs;

/// <summary>How an image is written.</summary>
/// <param name="MediaType">For example <c>image/png</c>, <c>image/jpeg</c> or <c>image/webp</c>.</param>
/// <param name="Quality">Quality of JPEG and WebP from 1 to 100; null for the codec's default. PNG ignores it.</param>
public sealed record ImageFormat(string MediaType, int? Quality = null)
{
    /// <summary>PNG, lossless.</summary>
    public static ImageFormat Png { get; } = new(MediaTypeNames.Image.Png);
}
