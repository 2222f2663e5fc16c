namespace LatentDiffusion.Data;

/// <summary>Facts about an image: the hash of its file and, once it was decoded, all others.</summary>
/// <param name="Hash">Hash of its file in hexadecimal digits (<see cref="ImageDecoding.Hash"/>).</param>
/// <param name="Width">Its width; 0 if it was not decoded.</param>
/// <param name="Height">Its height; 0 if it was not decoded.</param>
/// <param name="Likeness">Its <see cref="PerceptualHash"/>.</param>
/// <param name="Problem">Why it cannot be decoded; null if it can, or if that was not tried.</param>
internal sealed record ImageFacts(string Hash, int Width = 0, int Height = 0, PerceptualHash Likeness = default, string? Problem = null)
{
    public bool IsDecoded => Width > 0 || Problem is not null;

    public static ImageFacts Unreadable(string problem) => new("", Problem: problem);

    public ImageFacts Decoded(ImageBuffer image) =>
        this with { Width = image.Width, Height = image.Height, Likeness = PerceptualHash.FromImage(image) };
}
