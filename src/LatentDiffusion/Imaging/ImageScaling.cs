namespace LatentDiffusion.Imaging;

/// <summary>Resizes and crops images.</summary>
public static class ImageScaling
{
    /// <summary>
    /// Resizes an image with a Lanczos filter of three lobes, which is widened when shrinking so that no pixel is skipped
    /// (Duchon 1979; the filter that diffusers resizes with).
    /// </summary>
    /// <param name="image">The image; returned unchanged if it has the size.</param>
    /// <param name="width">New width in pixels, at least 1.</param>
    /// <param name="height">New height in pixels, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">Width or height is less than 1.</exception>
    public static ImageBuffer Resize(this ImageBuffer image, int width, int height)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        return image.ResizeWindow(width, height, 0, 0, width, height);
    }

    /// <summary>The result of <see cref="Resize"/> and then <see cref="Crop"/>, computing only the pixels inside the crop.</summary>
    /// <param name="image">The image; returned unchanged if it has the size and the rectangle is all of it.</param>
    /// <param name="width">Width of the whole resized image, at least 1.</param>
    /// <param name="height">Height of the whole resized image, at least 1.</param>
    /// <param name="left">First column of the rectangle.</param>
    /// <param name="top">First row of the rectangle.</param>
    /// <param name="windowWidth">Width of the rectangle, which lies within the resized image.</param>
    /// <param name="windowHeight">Height of the rectangle.</param>
    /// <exception cref="ArgumentException">The rectangle is not within the resized image.</exception>
    public static ImageBuffer ResizeWindow(
        this ImageBuffer image, int width, int height, int left, int top, int windowWidth, int windowHeight)
    {
        ArgumentNullException.ThrowIfNull(image);
        if (width == image.Width && height == image.Height) return image.Crop(left, top, windowWidth, windowHeight);
        CheckWithin(left, top, windowWidth, windowHeight, width, height);
        var across = new LanczosWeights(image.Width, width, left, windowWidth);
        var down = new LanczosWeights(image.Height, height, top, windowHeight);
        return new LanczosResampler(image, across, down).Run();
    }

    /// <summary>Resizes an image in proportion to just cover a size, and crops both sides equally.</summary>
    /// <param name="image">The image; returned unchanged if it has the size.</param>
    /// <param name="width">New width in pixels, at least 1.</param>
    /// <param name="height">New height in pixels, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">Width or height is less than 1.</exception>
    public static ImageBuffer ResizeAndCrop(this ImageBuffer image, int width, int height)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        double scale = Math.Max((double)width / image.Width, (double)height / image.Height);
        int coveredWidth = Math.Max(width, checked((int)Math.Round(image.Width * scale)));
        int coveredHeight = Math.Max(height, checked((int)Math.Round(image.Height * scale)));
        return image.ResizeWindow(coveredWidth, coveredHeight, (coveredWidth - width) / 2, (coveredHeight - height) / 2, width, height);
    }

    /// <summary>Crops an image to a rectangle.</summary>
    /// <param name="image">The image; returned unchanged if the rectangle is all of it.</param>
    /// <param name="left">First column, from 0.</param>
    /// <param name="top">First row, from 0.</param>
    /// <param name="width">Width of the rectangle, which lies within the image.</param>
    /// <param name="height">Height of the rectangle, which lies within the image.</param>
    /// <exception cref="ArgumentException">The rectangle is empty or not within the image.</exception>
    public static ImageBuffer Crop(this ImageBuffer image, int left, int top, int width, int height)
    {
        ArgumentNullException.ThrowIfNull(image);
        CheckWithin(left, top, width, height, image.Width, image.Height);
        if (width == image.Width && height == image.Height) return image;
        var rgb = new byte[width * height * 3];
        for (int y = 0; y < height; y++)
            image.Rgb.Slice(((top + y) * image.Width + left) * 3, width * 3).CopyTo(rgb.AsSpan(y * width * 3));
        return new ImageBuffer(width, height, rgb);
    }

    private static void CheckWithin(int left, int top, int width, int height, int outerWidth, int outerHeight)
    {
        if (left < 0 || top < 0 || width < 1 || height < 1 || left > outerWidth - width || top > outerHeight - height)
            throw new ArgumentException($"{width} x {height} pixels at ({left}, {top}) are not within {outerWidth} x {outerHeight}.");
    }
}
