namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary>Resizes as a <see cref="ResizeMode"/> says.</summary>
internal static class ResizeModes
{
    public static ImageBuffer Apply(this ResizeMode mode, ImageBuffer image, int width, int height) => mode switch
    {
        ResizeMode.Crop => image.ResizeAndCrop(width, height),
        ResizeMode.Fill => Fill(image, width, height),
        _ => image.Resize(width, height),
    };

    private static ImageBuffer Fill(ImageBuffer image, int width, int height)
    {
        double scale = Math.Min((double)width / image.Width, (double)height / image.Height);
        int fittedWidth = Math.Clamp((int)Math.Round(image.Width * scale), 1, width);
        int fittedHeight = Math.Clamp((int)Math.Round(image.Height * scale), 1, height);
        ImageBuffer fitted = image.Resize(fittedWidth, fittedHeight);
        (int left, int top) = ((width - fittedWidth) / 2, (height - fittedHeight) / 2);
        var rgb = new byte[width * height * 3];
        for (int y = 0; y < height; y++)
        {
            int row = Math.Clamp(y - top, 0, fittedHeight - 1) * fittedWidth;
            for (int x = 0; x < width; x++)
            {
                int column = Math.Clamp(x - left, 0, fittedWidth - 1);
                fitted.Rgb.Slice((row + column) * 3, 3).CopyTo(rgb.AsSpan((y * width + x) * 3));
            }
        }

        return new ImageBuffer(width, height, rgb);
    }
}
