namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary>The size that an image is enlarged to, and the middle part of it that is kept.</summary>
internal sealed record Enlargement(int Width, int Height, int KeptWidth, int KeptHeight)
{
    public static Enlargement ByFactor(ImageBuffer image, double factor) => Whole(image.Width * factor, image.Height * factor);

    /// <summary>Covers a size in the image's proportions.</summary>
    public static Enlargement ToSize(ImageBuffer image, int width, int height, bool crops)
    {
        double factor = Math.Max((double)width / image.Width, (double)height / image.Height);
        Enlargement covering = Whole(image.Width * factor, image.Height * factor);
        return crops
            ? covering with { KeptWidth = Math.Min(width, covering.Width), KeptHeight = Math.Min(height, covering.Height) }
            : covering;
    }

    public ImageBuffer Crop(ImageBuffer enlarged) =>
        enlarged.Crop((Width - KeptWidth) / 2, (Height - KeptHeight) / 2, KeptWidth, KeptHeight);

    private static Enlargement Whole(double width, double height)
    {
        (int w, int h) = (Math.Max((int)Math.Round(width), 1), Math.Max((int)Math.Round(height), 1));
        return new Enlargement(w, h, w, h);
    }
}
