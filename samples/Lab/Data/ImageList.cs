using LatentDiffusion.Data;

namespace Lab;

/// <summary>Captioned images in memory.</summary>
/// <param name="images">The images.</param>
internal sealed class ImageList(IReadOnlyList<CaptionedImage> images) : ICaptionedImageSource
{
    public IReadOnlyList<CaptionedImage> Images => images;

    public long? Count => images.Count;

    public CaptionedImage Read(long index) => images[(int)index];
}
