namespace LatentDiffusion.Data;

/// <summary>
/// Captioned images that have any number of variants each, for example different crops, mirrored or not. Variants are numbered,
/// so that they can be cached and an epoch can be repeated: use the epoch as the variant.
/// </summary>
public interface IVariedImageSource : ICaptionedImageSource
{
    /// <summary>Reads one variant of an image; the same numbers always return the same image.</summary>
    /// <param name="index">From 0 to <see cref="ICaptionedImageSource.Count"/>, exclusive.</param>
    /// <param name="variant">At least 0; variant 0 is the image that <see cref="ICaptionedImageSource.Read"/> returns.</param>
    CaptionedImage Read(long index, long variant);

    /// <summary>Reads one variant's caption, without decoding the image where the source can.</summary>
    /// <param name="index">From 0 to <see cref="ICaptionedImageSource.Count"/>, exclusive.</param>
    /// <param name="variant">At least 0; variant 0 has the caption that <see cref="ICaptionedImageSource.ReadCaption"/> returns.</param>
    string ReadCaption(long index, long variant) => Read(index, variant).Caption;
}
