namespace LatentDiffusion;

/// <summary>
/// Enlarges generated images with an upscaler after decoding. If only one of width and height is set, the other keeps the aspect ratio; if
/// neither is, the result is <see cref="Scale"/> times as wide and high as the generated image.
/// </summary>
public sealed record ImageUpscaling
{
    /// <summary>
    /// Factor of width and height, from 1 to 16. Null for the upscaler's own (4 for most networks, 2 for <c>lanczos</c> and
    /// <c>nearest</c>). Refused together with a width or height.
    /// </summary>
    public double? Scale { get; init; }

    /// <summary>Width of the result in pixels, from 1 to 65,535. Null follows from the rest.</summary>
    public int? Width { get; init; }

    /// <summary>Height of the result in pixels, from 1 to 65,535. Null follows from the rest.</summary>
    public int? Height { get; init; }

    /// <summary>
    /// Name of an upscaler of the builder (<see cref="UpscalerBuilderExtensions.UseUpscaler(DiffusionPipelineBuilder, IImageUpscaler,
    /// string?)"/>) or of <see cref="KnownUpscalers"/>. Null for the first upscaler of the builder, or <c>lanczos</c> if it has none.
    /// </summary>
    public string? Upscaler { get; init; }
}
