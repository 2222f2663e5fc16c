namespace LatentDiffusion.Data;

/// <summary>Resizes, crops and mirrors.</summary>
internal static class ImagePreparation
{
    /// <summary>Resizes a picture, its sides in proportion, by the least factor that covers a size and makes the shorter side at least so long.</summary>
    public static ImageBuffer Cover(this ImageBuffer image, ImageSize size, int shorterSide = 0)
    {
        double scale = Math.Max(Math.Max((double)size.Width / image.Width, (double)size.Height / image.Height), (double)shorterSide / Math.Min(image.Width, image.Height));
        return image.Resize(Math.Max(size.Width, (int)Math.Round(image.Width * scale)), Math.Max(size.Height, (int)Math.Round(image.Height * scale)));
    }

    /// <summary>A picture with a size cut out of what it was resized to, perhaps mirrored; it tells where it comes from.</summary>
    /// <param name="picture">The picture as it was read.</param>
    /// <param name="resized">The same in a size that covers the one asked for.</param>
    /// <param name="size">The size.</param>
    /// <param name="position">Where it is cut out.</param>
    /// <param name="flipProbability">How likely it is mirrored.</param>
    /// <param name="draws">What is random about it.</param>
    public static CaptionedImage Cut(
        this CaptionedImage picture, ImageBuffer resized, ImageSize size, CropPosition position, double flipProbability, ImageDraws draws)
    {
        int roomX = resized.Width - size.Width, roomY = resized.Height - size.Height;
        int left = Offset(roomX, draws.Left), top = Offset(roomY, draws.Top);
        ImageBuffer cut = resized.Crop(left, top, size.Width, size.Height);
        bool flipped = draws.Flip < flipProbability;
        return picture with
        {
            Image = flipped ? cut.Mirrored() : cut,
            // What is to the right of a crop is to the left of its mirror image. A crop of before counts at the size that it has now.
            Origin = new ImageOrigin(
                picture.Origin?.Width ?? picture.Image.Width, picture.Origin?.Height ?? picture.Image.Height,
                (flipped ? roomX - left : left) + Scaled(picture.Origin?.CropLeft, resized.Width, picture.Image.Width),
                top + Scaled(picture.Origin?.CropTop, resized.Height, picture.Image.Height)),
        };

        int Offset(int room, double draw) => position == CropPosition.Center ? room / 2 : (int)(draw * (room + 1));

        static int Scaled(int? pixels, int now, int before) => (int)Math.Round((double)(pixels ?? 0) * now / before);
    }

    /// <summary>The picture with left and right exchanged.</summary>
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
