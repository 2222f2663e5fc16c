using System.Net.Mime;

namespace LatentDiffusion.Imaging;

/// <summary>The media type that the extension of a file names.</summary>
internal static class ImageMediaType
{
    /// <exception cref="ArgumentException">The extension is not that of a type that images are written as.</exception>
    public static string FromPath(string path) => Path.GetExtension(path).ToUpperInvariant() switch
    {
        "" or ".PNG" => MediaTypeNames.Image.Png,
        ".JPG" or ".JPEG" => MediaTypeNames.Image.Jpeg,
        ".WEBP" => MediaTypeNames.Image.Webp,
        _ => throw new ArgumentException(
            $"'{path}' ends with {Path.GetExtension(path)}; expected .png, .jpg, .jpeg or .webp.", nameof(path)),
    };
}
