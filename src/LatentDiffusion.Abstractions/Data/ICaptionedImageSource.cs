namespace LatentDiffusion.Data;

/// <summary>
/// Captioned images, for example to train on. The same index always returns the same image, so that a training run can be
/// resumed exactly. Implementations are safe for concurrent use.
/// </summary>
public interface ICaptionedImageSource
{
    /// <summary>Number of images; null for an infinite source, which accepts every index from 0.</summary>
    long? Count { get; }

    /// <summary>Reads one image and its caption.</summary>
    /// <param name="index">From 0 to <see cref="Count"/>, exclusive.</param>
    CaptionedImage Read(long index);

    /// <summary>Reads one caption, without decoding the image where the source can.</summary>
    /// <param name="index">From 0 to <see cref="Count"/>, exclusive.</param>
    string ReadCaption(long index) => Read(index).Caption;

    /// <summary>Reads all captions of an image. The first is the caption that <see cref="Read"/> returns. Default: only that one.</summary>
    /// <param name="index">From 0 to <see cref="Count"/>, exclusive.</param>
    IReadOnlyList<string> ReadCaptions(long index) => [ReadCaption(index)];

    /// <summary>
    /// Reads the hash of an image's pixels (<see cref="ContentHash.Of(ImageBuffer)"/>), without decoding the image where the
    /// source knows it.
    /// </summary>
    /// <param name="index">From 0 to <see cref="Count"/>, exclusive.</param>
    byte[] ReadContentHash(long index) => ContentHash.Of(Read(index).Image);

    /// <summary>Reads an image's width and height in pixels, without decoding the image where the source knows them.</summary>
    /// <param name="index">From 0 to <see cref="Count"/>, exclusive.</param>
    (int Width, int Height) ReadSize(long index)
    {
        ImageBuffer image = Read(index).Image;
        return (image.Width, image.Height);
    }
}
