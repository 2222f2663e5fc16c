namespace LatentDiffusion;

/// <summary>A picture and its text.</summary>
/// <param name="Image">The picture.</param>
/// <param name="Caption">What it shows; may be empty.</param>
/// <param name="Name">Where it comes from (a file name, an index), for messages.</param>
public sealed record CaptionedImage(ImageBuffer Image, string Caption, string Name)
{
    /// <summary>What it was before it was resized and cropped; null for a picture that is as it was.</summary>
    public ImageOrigin? Origin { get; init; }
}
