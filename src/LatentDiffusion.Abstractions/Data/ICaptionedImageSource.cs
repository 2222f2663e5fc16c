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

    /// <summary>
    /// Whether an image has any number of variants, for example different crops, mirrored or not. They are numbered, so that they can be
    /// cached and an epoch can be repeated: use the epoch as the variant. Default false.
    /// </summary>
    bool HasVariants => false;

    /// <summary>Reads one variant of an image; the same numbers always return the same image.</summary>
    /// <param name="index">From 0 to <see cref="Count"/>, exclusive.</param>
    /// <param name="variant">
    /// At least 0; variant 0 is the image that <see cref="Read(long)"/> returns. A source without variants, the default, returns it for
    /// every number.
    /// </param>
    CaptionedImage Read(long index, long variant) => Read(index);

    /// <summary>Reads one caption, without decoding the image where the source can.</summary>
    /// <param name="index">From 0 to <see cref="Count"/>, exclusive.</param>
    string ReadCaption(long index) => Read(index).Caption;

    /// <summary>Reads one variant's caption, without decoding the image where the source can.</summary>
    /// <param name="index">From 0 to <see cref="Count"/>, exclusive.</param>
    /// <param name="variant">At least 0, as in <see cref="Read(long, long)"/>.</param>
    string ReadCaption(long index, long variant) => HasVariants ? Read(index, variant).Caption : ReadCaption(index);

    /// <summary>
    /// Reads all captions of an image. The first is the caption that <see cref="Read(long)"/> returns. Default: only that one.
    /// </summary>
    /// <param name="index">From 0 to <see cref="Count"/>, exclusive.</param>
    IReadOnlyList<string> ReadCaptions(long index) => [ReadCaption(index)];

    /// <summary>
    /// Reads a hash that identifies the image's content. Default: of its pixels (<see cref="ContentHash.Compute(ImageBuffer)"/>). Images in
    /// files are identified by the files, without decoding them.
    /// </summary>
    /// <param name="index">From 0 to <see cref="Count"/>, exclusive.</param>
    byte[] ReadContentHash(long index) => ContentHash.Compute(Read(index).Image);

    /// <summary>Reads an image's width and height in pixels, without decoding the image where the source knows them.</summary>
    /// <param name="index">From 0 to <see cref="Count"/>, exclusive.</param>
    (int Width, int Height) ReadSize(long index)
    {
        ImageBuffer image = Read(index).Image;
        return (image.Width, image.Height);
    }
}
