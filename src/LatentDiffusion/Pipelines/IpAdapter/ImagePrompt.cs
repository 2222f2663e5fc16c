namespace LatentDiffusion;

/// <summary>
/// What an IP-Adapter reads in one generation: images that the generated image resembles in content or style, or embeddings of them.
/// </summary>
public sealed record ImagePrompt
{
    /// <summary>
    /// One or more images of any size, which act together. Each is resized and cut to its middle square, as the image encoder reads it.
    /// Null where <see cref="Embeds"/> are given.
    /// </summary>
    public IReadOnlyList<ImageBuffer>? Images { get; init; }

    /// <summary>
    /// Embeddings in place of images, published name <c>ip_adapter_image_embeds</c>:
    /// <see cref="IpAdapterPipelineExtensions.EncodeImagePrompt"/> makes them, and they are saved for other generations. Null where
    /// <see cref="Images"/> are given.
    /// </summary>
    public ImageEmbeds? Embeds { get; init; }

    /// <summary>
    /// Where in the generated image each of the images acts, in white, one mask for each image; published name <c>ip_adapter_masks</c>.
    /// Masks are resized to the generated image, and grey counts as the nearer of white and black. Each image is then attended to by
    /// itself. Null, the default, for everywhere.
    /// </summary>
    public IReadOnlyList<ImageBuffer>? Masks { get; init; }

    /// <summary>Number of images; 0 where none are given.</summary>
    internal int Count => Images?.Count ?? Embeds?.Count ?? 0;
}
