namespace LatentDiffusion.Imaging;

/// <summary>Resizes images by repeating or leaving out pixels.</summary>
internal static class NearestPixels
{
    /// <summary>Gives each pixel the colour of the source pixel that its centre lies in.</summary>
    /// <param name="image">The image; returned unchanged if it has the size.</param>
    /// <param name="width">New width in pixels, at least 1.</param>
    /// <param name="height">New height in pixels, at least 1.</param>
    public static ImageBuffer Resize(ImageBuffer image, int width, int height)
    {
        const int Channels = 3;
        if (width == image.Width && height == image.Height) return image;
        int[] columns = Sources(image.Width, width), rows = Sources(image.Height, height);
        byte[] rgb = GC.AllocateUninitializedArray<byte>(checked(width * height * Channels));
        for (int y = 0; y < height; y++)
        {
            ReadOnlySpan<byte> source = image.Rgb.Slice(rows[y] * image.Width * Channels, image.Width * Channels);
            Span<byte> target = rgb.AsSpan(y * width * Channels, width * Channels);
            for (int x = 0; x < width; x++) source.Slice(columns[x] * Channels, Channels).CopyTo(target[(x * Channels)..]);
        }

        return new ImageBuffer(width, height, rgb);
    }

    private static int[] Sources(int length, int newLength) =>
        [.. Enumerable.Range(0, newLength).Select(i => (int)((2L * i + 1) * length / (2L * newLength)))];
}
