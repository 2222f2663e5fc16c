namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary>A model that edits images.</summary>
/// <param name="ReadsReferences">
/// Whether it reads images as references; null where only other processes have it and none of its jobs has shown it.
/// </param>
/// <param name="Pipeline">Its pipeline; null where only other processes have it.</param>
internal sealed record EditingModel(bool? ReadsReferences, DiffusionPipeline? Pipeline = null)
{
    /// <summary>What the width and height of most models are multiples of.</summary>
    private const int UsualFactor = 8, LargerFactor = 16;

    /// <summary>
    /// The size of the result for an image, which may have sides of any length. Where other processes have the model, sides that most
    /// models can generate stay, and others become multiples that nearly all can.
    /// </summary>
    public (int Width, int Height) SizeFor(ImageBuffer image) =>
        Pipeline?.NearestSize(image.Width, image.Height) ?? (Side(image.Width), Side(image.Height));

    private static int Side(int length) => length % UsualFactor == 0
        ? length
        : Math.Max(1, (length + LargerFactor / 2) / LargerFactor) * LargerFactor;
}
