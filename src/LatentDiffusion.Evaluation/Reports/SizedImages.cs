namespace LatentDiffusion.Evaluation;

/// <summary>A source's pictures at the size that a model draws: scaled to cover it, and cropped.</summary>
/// <param name="source">The source.</param>
/// <param name="width">Width of the model's pictures.</param>
/// <param name="height">Height of the model's pictures.</param>
internal sealed class SizedImages(ICaptionedImageSource source, int width, int height)
{
    private const int BatchSize = 16;

    public CaptionedImage Read(long index)
    {
        CaptionedImage read = source.Read(index);
        return read with { Image = read.Image.ResizeAndCrop(width, height) };
    }

    /// <summary>The first pictures: as many as wanted, or as there are.</summary>
    public IEnumerable<CaptionedImage> First(int wanted)
    {
        int count = Available(wanted);
        for (int start = 0; start < count; start += BatchSize)
        {
            int first = start;
            // A few at a time, so that a large set is never in memory as a whole.
            CaptionedImage[] batch = [.. Enumerable.Range(0, Math.Min(BatchSize, count - start)).AsParallel().AsOrdered().Select(i => Read(first + i))];
            foreach (CaptionedImage image in batch) yield return image;
        }
    }

    public int Available(int wanted) => (int)Math.Min(wanted, source.Count ?? long.MaxValue);
}
