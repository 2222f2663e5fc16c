using System.Collections.Concurrent;
using LatentDiffusion.Data;

namespace TrainFromScratch;

/// <summary>Keeps decoded and resized images in memory as long as they fit, because each is needed many times.</summary>
/// <param name="images">The images.</param>
internal sealed class MemoizedSource(ICaptionedImageSource images) : ICaptionedImageSource
{
    private const long MaximumBytes = 1L << 30;

    private readonly ConcurrentDictionary<long, CaptionedImage> _memory = new();
    private long _bytes;

    public long? Count => images.Count;

    public bool HasVariants => images.HasVariants;

    public string ReadCaption(long index) => images.ReadCaption(index);

    public string ReadCaption(long index, long variant) => images.ReadCaption(index, variant);

    public IReadOnlyList<string> ReadCaptions(long index) => images.ReadCaptions(index);

    // Variants differ only in their captions.
    public CaptionedImage Read(long index, long variant) => Read(index) with { Caption = ReadCaption(index, variant) };

    public CaptionedImage Read(long index)
    {
        if (_memory.TryGetValue(index, out CaptionedImage? image)) return image;
        image = images.Read(index);
        if (Interlocked.Read(ref _bytes) < MaximumBytes && _memory.TryAdd(index, image))
            Interlocked.Add(ref _bytes, image.Image.Rgb.Length);
        return image;
    }
}
