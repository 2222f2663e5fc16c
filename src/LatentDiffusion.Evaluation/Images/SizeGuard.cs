namespace LatentDiffusion.Evaluation;

/// <summary>What every comparison of two pictures asks first.</summary>
internal static class SizeGuard
{
    public static void Check(ImageBuffer image, ImageBuffer reference)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(reference);
        if (image.Width != reference.Width || image.Height != reference.Height)
            throw new ArgumentException($"Pictures of one size can be compared; these are {image.Width} x {image.Height} and {reference.Width} x {reference.Height} pixels.", nameof(reference));
    }
}
