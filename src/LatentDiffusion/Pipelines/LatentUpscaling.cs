namespace LatentDiffusion;

/// <summary>
/// A second pass at a larger size: the latents of the first pass (bilinear), or its images, are upscaled, noised to a noise level and
/// denoised again.
/// Images larger than those that a model was trained on so keep the composition of the first pass.
/// </summary>
public sealed record LatentUpscaling
{
    /// <summary>Width of the result in pixels, a multiple of the autoencoder's downsampling factor.</summary>
    public required int Width { get; init; }

    /// <summary>Height of the result in pixels, a multiple of the autoencoder's downsampling factor.</summary>
    public required int Height { get; init; }

    /// <summary>
    /// How much is generated again, as <see cref="GenerationRequest.Strength"/>: more than 0 and at most 1. Default 0.7; below about 0.5
    /// upscaled latents stay blurred.
    /// </summary>
    public double Strength { get; init; } = 0.7;

    /// <summary>
    /// Sampling steps of the second pass, 1 to 1000, of which the fraction <see cref="Strength"/> runs. Null, the default, for as many as
    /// in the first pass. Refused together with <see cref="GenerationRequest.Timesteps"/> or <see cref="GenerationRequest.Sigmas"/>.
    /// </summary>
    public int? Steps { get; init; }

    /// <summary>
    /// Name of an upscaler of the pipeline (<see cref="ImageUpscaling.Upscaler"/>): the image of the first pass is decoded, enlarged by it
    /// to width and height, and encoded again. Details are then sharp at any strength. Null, the default, enlarges the latents.
    /// </summary>
    public string? Upscaler { get; init; }
}
