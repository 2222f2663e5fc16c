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
}
