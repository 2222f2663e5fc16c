namespace LatentDiffusion.Metadata;

/// <summary>The settings that generated image files contain.</summary>
public enum MetadataFormat
{
    /// <summary>The entries of this library: <see cref="GeneratedImage.Metadata"/>.</summary>
    Native,

    /// <summary>
    /// One entry <c>parameters</c> with the text of Stable Diffusion web UI, which many programs read: <see cref="WebUIParameters"/>.
    /// </summary>
    WebUI,

    /// <summary>Both.</summary>
    Both,
}
