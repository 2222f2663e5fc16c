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

    /// <summary>Cuts a size out of a picture that covers it.</summary>
    public static ImageBuffer Crop(this ImageBuffer image, ImageSize size, CropPosition position, ImageDraws draws)
    {
        int left = Offset(image.Width - size.Width, draws.Left), top = Offset(image.Height - size.Height, draws.Top);
        return image.Crop(left, top, size.Width, size.Height);

        int Offset(int room, double draw) => position == CropPosition.Center ? room / 2 : (int)(draw * (room + 1));
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
