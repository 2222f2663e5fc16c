namespace LatentDiffusion;

/// <summary>The sizes of reference images, as the pipelines of FLUX.2 are published with.</summary>
internal static class ReferenceImageSize
{
    /// <summary>The shortest side in pixels.</summary>
    public const int LeastSide = 64;

    /// <summary>The most that the longer side may be of the shorter.</summary>
    public const int MostAspect = 8;

    /// <summary>Images of more pixels are made smaller.</summary>
    public const int MostPixels = 1024 * 1024;

    /// <summary>The size that an image is encoded at.</summary>
    /// <param name="image">The image.</param>
    /// <param name="factor">What width and height are multiples of.</param>
    public static (int Width, int Height) Encoded(ImageBuffer image, int factor)
    {
        (int width, int height) = Reduced(image);
        return (Math.Max(width / factor, 1) * factor, Math.Max(height / factor, 1) * factor);
    }

    /// <summary>An image at the size that it is encoded at: made smaller where it is too large, and cut to its middle.</summary>
    /// <param name="image">The image, of a size that is allowed.</param>
    /// <param name="factor">What width and height are multiples of.</param>
    public static ImageBuffer Fit(ImageBuffer image, int factor)
    {
        (int width, int height) = Reduced(image);
        (int cutWidth, int cutHeight) = Encoded(image, factor);
        return image.ResizeWindow(width, height, (width - cutWidth) / 2, (height - cutHeight) / 2, cutWidth, cutHeight);
    }

    private static (int Width, int Height) Reduced(ImageBuffer image)
    {
        long pixels = (long)image.Width * image.Height;
        if (pixels <= MostPixels) return (image.Width, image.Height);
        double scale = Math.Sqrt((double)MostPixels / pixels);
        return ((int)(image.Width * scale), (int)(image.Height * scale));
    }
}
