using System.Collections.Concurrent;
using LatentDiffusion;
using LatentDiffusion.Data;

namespace TrainFromScratch;

/// <summary>Keeps pictures in memory once they are decoded and resized, as far as they fit: each is needed many times.</summary>
/// <param name="images">The pictures.</param>
internal sealed class MemoizedSource(IVariedImageSource images) : IVariedImageSource
{
    private const long MostBytes = 1L << 30;

    private readonly ConcurrentDictionary<long, CaptionedImage> _pictures = new();
    private long _bytes;

    public long? Count => images.Count;

    public string ReadCaption(long index) => images.ReadCaption(index);

    public string ReadCaption(long index, long variant) => images.ReadCaption(index, variant);

    public IReadOnlyList<string> ReadCaptions(long index) => images.ReadCaptions(index);

    // Variants differ in their captions only.
    public CaptionedImage Read(long index, long variant) => Read(index) with { Caption = ReadCaption(index, variant) };

    public CaptionedImage Read(long index)
    {
        if (_pictures.TryGetValue(index, out CaptionedImage? picture)) return picture;
        picture = images.Read(index);
        if (Interlocked.Read(ref _bytes) < MostBytes && _pictures.TryAdd(index, picture)) Interlocked.Add(ref _bytes, picture.Image.Rgb.Length);
        return picture;
    }
}
