namespace LatentDiffusion;

/// <summary>
/// Captioned pictures to train on, by index. The same index always gives the same picture, so that a training run can
/// be resumed exactly. Safe for concurrent use.
/// </summary>
public interface ICaptionedImageSource
{
    /// <summary>Number of pictures; null for a source without end, which takes any index from 0.</summary>
    long? Count { get; }

    /// <summary>Reads one picture.</summary>
    /// <param name="index">From 0 to <see cref="Count"/>, exclusive.</param>
    CaptionedImage Read(long index);

    /// <summary>Reads one caption alone. Sources that can do so without decoding the picture do.</summary>
    /// <param name="index">From 0 to <see cref="Count"/>, exclusive.</param>
    string ReadCaption(long index) => Read(index).Caption;

    /// <summary>Reads all captions of an image. The first is the one that <see cref="Read"/> gives. Default: that one.</summary>
    /// <param name="index">From 0 to <see cref="Count"/>, exclusive.</param>
    IReadOnlyList<string> ReadCaptions(long index) => [ReadCaption(index)];

    /// <summary>Reads the hash of an image's pixels (<see cref="ContentHash.Of(ImageBuffer)"/>). Sources that know it without decoding the image give it so.</summary>
    /// <param name="index">From 0 to <see cref="Count"/>, exclusive.</param>
    byte[] ReadContentHash(long index) => ContentHash.Of(Read(index).Image);

    /// <summary>Reads an image's width and height in pixels. Sources that know them without decoding the image give them so.</summary>
    /// <param name="index">From 0 to <see cref="Count"/>, exclusive.</param>
    (int Width, int Height) ReadSize(long index)
    {
        ImageBuffer image = Read(index).Image;
        return (image.Width, image.Height);
    }
}
