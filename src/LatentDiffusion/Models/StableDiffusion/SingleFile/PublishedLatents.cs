namespace LatentDiffusion.Models;

/// <summary>Published settings of an autoencoder that do not follow from its weights.</summary>
/// <param name="ScalingFactor">Factor of the latents.</param>
/// <param name="ShiftFactor">Subtracted from latents before scaling; null for none.</param>
/// <param name="SampleSize">Size of the images that it was trained on, in pixels.</param>
internal sealed record PublishedLatents(double ScalingFactor, double? ShiftFactor, int SampleSize)
{
    /// <summary>Of Stable Diffusion 1 and 2.</summary>
    public static PublishedLatents StableDiffusion { get; } = new(0.18215, null, 512);

    /// <summary>Of Stable Diffusion XL.</summary>
    public static PublishedLatents StableDiffusionXL { get; } = new(0.13025, null, 1024);

    /// <summary>Of Stable Diffusion 3 and 3.5.</summary>
    public static PublishedLatents StableDiffusion3 { get; } = new(1.5305, 0.0609, 1024);

    /// <summary>Of FLUX.1, which Chroma and Z-Image share.</summary>
    public static PublishedLatents Flux { get; } = new(0.3611, 0.1159, 1024);

    /// <summary>Those with a scale; null for none.</summary>
    public static PublishedLatents? WithScale(double scale) =>
        new[] { StableDiffusion, StableDiffusionXL, StableDiffusion3, Flux }.FirstOrDefault(known => known.ScalingFactor == scale);
}
