namespace LatentDiffusion;

/// <summary>
/// A second pass at a larger size: the first one's latents are enlarged between their values (bilinear), brought to a noise
/// level and denoised again. What a model composes badly beyond the size it was trained on keeps its composition so.
/// </summary>
public sealed record LatentUpscaling
{
    /// <summary>Width of the result in pixels, a multiple of the autoencoder's downsampling factor.</summary>
    public required int Width { get; init; }

    /// <summary>Height of the result in pixels, a multiple of the autoencoder's downsampling factor.</summary>
    public required int Height { get; init; }

    /// <summary>
    /// How much is made anew, as <see cref="GenerationRequest.Strength"/>: more than 0 and at most 1. Default 0.7; below
    /// about 0.5 enlarged latents stay blurred.
    /// </summary>
    public double Strength { get; init; } = 0.7;
}
