namespace LatentDiffusion.Evaluation;

/// <summary>Requires two images of one size.</summary>
internal static class SizeGuard
{
    public static void Check(ImageBuffer image, ImageBuffer reference)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(reference);
        if (image.Width != reference.Width || image.Height != reference.Height)
            throw new ArgumentException(
                $"Only images of one size can be compared; these have {image.Width} x {image.Height} and "
                + $"{reference.Width} x {reference.Height} pixels.", nameof(reference));
    }
}
