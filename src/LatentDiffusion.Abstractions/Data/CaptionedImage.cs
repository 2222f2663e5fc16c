namespace LatentDiffusion.Data;

/// <summary>An image and its caption.</summary>
/// <param name="Image">The image.</param>
/// <param name="Caption">Description of the image; may be empty.</param>
/// <param name="Name">Origin of the image (a file name, an index), for messages.</param>
public sealed record CaptionedImage(ImageBuffer Image, string Caption, string Name)
{
    /// <summary>The original size and the crop; null for an image that was neither resized nor cropped.</summary>
    public ImageOrigin? Origin { get; init; }
}
