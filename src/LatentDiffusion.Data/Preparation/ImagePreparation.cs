namespace LatentDiffusion.Data;

/// <summary>Resizes, crops and mirrors images.</summary>
internal static class ImagePreparation
{
    /// <summary>
    /// The size of an image after resizing it in proportion by the least factor that covers a size and makes the shorter side at
    /// least so long.
    /// </summary>
    /// <exception cref="InvalidDataException">The longer side would exceed 2^31 − 1 pixels.</exception>
    public static ImageSize Covering(this ImageSize image, ImageSize size, int shorterSide = 0)
    {
        double scale = Math.Max(
            Math.Max((double)size.Width / image.Width, (double)size.Height / image.Height),
            (double)shorterSide / Math.Min(image.Width, image.Height));
        return new ImageSize(Math.Max(size.Width, Scaled(image.Width)), Math.Max(size.Height, Scaled(image.Height)));

        int Scaled(int side) => Math.Round(side * scale) is var scaled && scaled <= int.MaxValue
            ? (int)scaled
            : throw new InvalidDataException(
                $"The image of {image} pixels would have a side of {scaled:0} pixels to cover {size}: "
                + $"set {nameof(StoredImagesOptions.MaximumAspectRatio)}.");
    }

    /// <summary>Resizes, crops and possibly mirrors an image, and records its origin. Only the part inside the crop is resized.</summary>
    /// <param name="image">The image as it was read.</param>
    /// <param name="resized">The size to resize it to, which covers the crop.</param>
    /// <param name="size">The size of the crop.</param>
    /// <param name="position">Where it is cropped.</param>
    /// <param name="flipProbability">Probability of mirroring.</param>
    /// <param name="draws">The random choices.</param>
    public static CaptionedImage ResizeAndCrop(
        this CaptionedImage image, ImageSize resized, ImageSize size, CropPosition position, double flipProbability,
        AugmentationSample draws)
    {
        int roomX = resized.Width - size.Width, roomY = resized.Height - size.Height;
        int left = Offset(roomX, draws.Left), top = Offset(roomY, draws.Top);
        ImageBuffer cut = image.Image.ResizeWindow(resized.Width, resized.Height, left, top, size.Width, size.Height);
        bool flipped = draws.Flip < flipProbability;
        return image with
        {
            Image = flipped ? cut.Mirrored() : cut,
            // Mirroring swaps left and right of a crop. An earlier crop counts at the current scale.
            Origin = new ImageOrigin(
                image.Origin?.Width ?? image.Image.Width, image.Origin?.Height ?? image.Image.Height,
                (flipped ? roomX - left : left) + Scaled(image.Origin?.CropLeft, resized.Width, image.Image.Width),
                top + Scaled(image.Origin?.CropTop, resized.Height, image.Image.Height)),
        };

        int Offset(int room, double draw) => position == CropPosition.Center ? room / 2 : (int)(draw * (room + 1L));

        static int Scaled(int? pixels, int now, int before) => (int)Math.Round((double)(pixels ?? 0) * now / before);
    }

    /// <summary>The image mirrored left to right.</summary>
    public static ImageBuffer Mirrored(this ImageBuffer image)
    {
        var rgb = new byte[image.Rgb.Length];
        for (int y = 0; y < image.Height; y++)
        {
            int row = y * image.Width * 3;
            for (int x = 0; x < image.Width; x++) image.Rgb.Slice(row + x * 3, 3).CopyTo(rgb.AsSpan(row + (image.Width - 1 - x) * 3));
        }

        return new ImageBuffer(image.Width, image.Height, rgb);
    }
}
