namespace LatentDiffusion.Evaluation;

/// <summary>A source's images at the size of a model's images: scaled to cover it, and cropped.</summary>
/// <param name="source">The source.</param>
/// <param name="width">Width of the model's images in pixels.</param>
/// <param name="height">Height of the model's images in pixels.</param>
internal sealed class SizedImages(ICaptionedImageSource source, int width, int height)
{
    private const int BatchSize = 16;

    public CaptionedImage Read(long index)
    {
        CaptionedImage read = source.Read(index);
        ImageBuffer image = read.Image;
        double scale = Math.Max((double)width / image.Width, (double)height / image.Height);
        return read with
        {
            Image = image.ResizeAndCrop(width, height),
            Origin = read.Origin ?? new ImageOrigin(
                image.Width, image.Height,
                ((int)Math.Round(image.Width * scale) - width) / 2, ((int)Math.Round(image.Height * scale) - height) / 2),
        };
    }

    /// <summary>The first images: as many as wanted, or all.</summary>
    public IEnumerable<CaptionedImage> First(int wanted)
    {
        int count = Available(wanted);
        for (int start = 0; start < count; start += BatchSize)
        {
            int first = start;
            // In small batches, so that a large set is never in memory as a whole.
            IEnumerable<long> indices = Enumerable.Range(0, Math.Min(BatchSize, count - start)).Select(i => (long)first + i);
            CaptionedImage[] batch = ParallelImageReader.ReadAll(indices, Read);
            foreach (CaptionedImage image in batch) yield return image;
        }
    }

    public int Available(int wanted) => (int)Math.Min(wanted, source.Count ?? long.MaxValue);
}
