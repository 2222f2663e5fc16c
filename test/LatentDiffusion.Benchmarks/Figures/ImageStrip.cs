namespace LatentDiffusion.Benchmarks;

/// <summary>Writes images of one size side by side.</summary>
internal static class ImageStrip
{
    public static void Write(string path, IReadOnlyList<ImageBuffer> images)
    {
        (int width, int height) = (images[0].Width, images[0].Height);
        byte[] rgb = new byte[width * images.Count * height * 3];
        for (int i = 0; i < images.Count; i++)
            for (int y = 0; y < height; y++)
                images[i].Rgb.Slice(y * width * 3, width * 3).CopyTo(rgb.AsSpan((y * images.Count + i) * width * 3));
        File.WriteAllBytes(path, new SkiaImageCodec().EncodePng(new ImageBuffer(width * images.Count, height, rgb)));
    }
}
