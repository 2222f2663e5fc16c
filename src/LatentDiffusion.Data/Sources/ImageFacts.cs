namespace LatentDiffusion.Data;

/// <summary>Facts about an image that are known once it was decoded.</summary>
/// <param name="Width">Its width.</param>
/// <param name="Height">Its height.</param>
/// <param name="Hash">Its <see cref="ContentHash"/> in hexadecimal digits.</param>
/// <param name="Likeness">Its <see cref="PerceptualHash"/>.</param>
/// <param name="Problem">Why it cannot be decoded; null if it can.</param>
internal sealed record ImageFacts(int Width, int Height, string Hash, PerceptualHash Likeness, string? Problem = null)
{
    public static ImageFacts FromImage(ImageBuffer image) =>
        new(image.Width, image.Height, Convert.ToHexStringLower(ContentHash.Compute(image)), PerceptualHash.FromImage(image));

    public static ImageFacts Unreadable(string problem) => new(0, 0, "", default, problem);
}
