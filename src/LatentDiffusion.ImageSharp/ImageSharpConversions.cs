using SixLabors.ImageSharp;
using SixLabors.ImageSharp.PixelFormats;

namespace LatentDiffusion;

/// <summary>Pictures of this library to those of ImageSharp and back.</summary>
public static class ImageSharpConversions
{
    /// <summary>Copies the pixels into a picture of ImageSharp, which the caller disposes.</summary>
    public static Image<Rgb24> ToImageSharp(this ImageBuffer image)
    {
        ArgumentNullException.ThrowIfNull(image);
        return Image.LoadPixelData<Rgb24>(image.Rgb, image.Width, image.Height);
    }

    /// <summary>Copies a generated picture's pixels into a picture of ImageSharp, which the caller disposes.</summary>
    public static Image<Rgb24> ToImageSharp(this GeneratedImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        return image.Image.ToImageSharp();
    }

    /// <summary>
    /// Copies the pixels of a picture of ImageSharp, of its first frame where there are several. Pictures of other pixel
    /// types are <c>CloneAs&lt;Rgb24&gt;()</c> before, which drops transparency.
    /// </summary>
    public static ImageBuffer ToImageBuffer(this Image<Rgb24> image)
    {
        ArgumentNullException.ThrowIfNull(image);
        var rgb = new byte[(long)image.Width * image.Height * 3];
        image.CopyPixelDataTo(rgb);
        return new ImageBuffer(image.Width, image.Height, rgb);
    }
}
