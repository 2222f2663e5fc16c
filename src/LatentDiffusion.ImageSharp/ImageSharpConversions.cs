using SixLabors.ImageSharp;
using SixLabors.ImageSharp.PixelFormats;
using SixLabors.ImageSharp.Processing;

namespace LatentDiffusion;

/// <summary>Converts images of this library to ImageSharp's and back, without loss.</summary>
public static class ImageSharpConversions
{
    /// <summary>Copies the pixels into an ImageSharp image, which the caller disposes.</summary>
    public static Image<Rgb24> ToImageSharp(this ImageBuffer image)
    {
        ArgumentNullException.ThrowIfNull(image);
        return Image.LoadPixelData<Rgb24>(image.Rgb, image.Width, image.Height);
    }

    /// <summary>Copies a generated image's pixels into an ImageSharp image, which the caller disposes.</summary>
    public static Image<Rgb24> ToImageSharp(this GeneratedImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        return image.Image.ToImageSharp();
    }

    /// <summary>
    /// Copies the pixels of an ImageSharp image, of the first frame if it has several. Other pixel types are converted with
    /// <c>CloneAs&lt;Rgb24&gt;()</c>, which drops transparency; the overload for <see cref="Rgba32"/> blends it.
    /// </summary>
    public static ImageBuffer ToImageBuffer(this Image<Rgb24> image)
    {
        ArgumentNullException.ThrowIfNull(image);
        var rgb = new byte[(long)image.Width * image.Height * 3];
        image.CopyPixelDataTo(rgb);
        return new ImageBuffer(image.Width, image.Height, rgb);
    }

    /// <summary>Copies the pixels of an ImageSharp image, of the first frame if it has several, over a background.</summary>
    /// <param name="image">The image; it is not changed.</param>
    /// <param name="background">The colour behind transparent pixels. Default white.</param>
    public static ImageBuffer ToImageBuffer(this Image<Rgba32> image, RgbColor? background = null)
    {
        ArgumentNullException.ThrowIfNull(image);
        RgbColor colour = background ?? RgbColor.White;
        using Image<Rgba32> opaque = image.Clone(x => x.BackgroundColor(Color.FromRgb(colour.Red, colour.Green, colour.Blue)));
        using Image<Rgb24> rgb = opaque.CloneAs<Rgb24>();
        return rgb.ToImageBuffer();
    }
}
