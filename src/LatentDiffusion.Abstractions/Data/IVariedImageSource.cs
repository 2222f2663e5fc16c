namespace LatentDiffusion;

/// <summary>
/// Captioned pictures each of which comes in any number of variants: other crops, mirrored or not. A variant's number
/// says which, so that an epoch (whose number it may be) can be repeated, and variants can be cached.
/// </summary>
public interface IVariedImageSource : ICaptionedImageSource
{
    /// <summary>Reads one variant of one picture; the same numbers always give the same picture.</summary>
    /// <param name="index">From 0 to <see cref="ICaptionedImageSource.Count"/>, exclusive.</param>
    /// <param name="variant">At least 0; variant 0 is what <see cref="ICaptionedImageSource.Read"/> gives.</param>
    CaptionedImage Read(long index, long variant);

    /// <summary>Reads one variant's caption. Sources that can do so without decoding the image do.</summary>
    /// <param name="index">From 0 to <see cref="ICaptionedImageSource.Count"/>, exclusive.</param>
    /// <param name="variant">At least 0; variant 0 has what <see cref="ICaptionedImageSource.ReadCaption"/> gives.</param>
    string ReadCaption(long index, long variant) => Read(index, variant).Caption;
}
