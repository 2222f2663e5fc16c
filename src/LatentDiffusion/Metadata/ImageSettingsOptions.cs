namespace LatentDiffusion.Metadata;

/// <summary>Options of <see cref="ImageSettings"/>.</summary>
public sealed record ImageSettingsOptions
{
    /// <summary>
    /// A request with the images and embeddings that the image was made from, which files do not contain; its other properties are ignored.
    /// Null, the default, refuses images that were made from others.
    /// </summary>
    public GenerationRequest? Inputs { get; init; }

    /// <summary>
    /// Whether a sampler that the library does not have is kept in <see cref="ImageSettings.Other"/>, and the request then leaves the
    /// scheduler to the pipeline. Default false: the image is refused.
    /// </summary>
    public bool KeepUnknownSampler { get; init; }

    internal static ImageSettingsOptions Default { get; } = new();
}
