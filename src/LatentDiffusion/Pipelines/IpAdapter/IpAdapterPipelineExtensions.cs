namespace LatentDiffusion;

/// <summary>Embeddings of images for the IP-Adapters of a pipeline.</summary>
public static class IpAdapterPipelineExtensions
{
    /// <summary>
    /// Encodes images as a generation does, for <see cref="ImagePrompt.Embeds"/>: to be computed once, saved, and used in many generations.
    /// </summary>
    /// <param name="pipeline">A pipeline with <see cref="IpAdapterBuilderExtensions.UseIpAdapter"/>.</param>
    /// <param name="images">From 1 to 256 images, which act together.</param>
    /// <param name="adapter">Index of the adapter, in the order in which they were added. Default 0.</param>
    /// <param name="cancellationToken">Checked before each image.</param>
    /// <exception cref="ArgumentException">No image is given, or too many, or one is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The pipeline has no such adapter.</exception>
    /// <exception cref="InvalidOperationException">The adapter has no image encoder.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The pipeline is disposed.</exception>
    public static ImageEmbeds EncodeImagePrompt(
        this DiffusionPipeline pipeline, IReadOnlyList<ImageBuffer> images, int adapter = 0, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(pipeline);
        ArgumentNullException.ThrowIfNull(images);
        ImagePromptValidator.Check(images, nameof(images));
        return pipeline.Compute<IpAdapterFeature, ImageEmbeds>((feature, components) =>
        {
            int count = feature.Adapters.Count;
            if (adapter < 0 || adapter >= count)
            {
                string text = FormattableString.Invariant($"The pipeline has {count} IP-Adapters, counted from 0.");
                throw new ArgumentOutOfRangeException(nameof(adapter), adapter, text);
            }

            LoadedIpAdapter chosen = feature.Adapters[adapter];
            ImageEncoder encoder = chosen.Encoder ?? throw new InvalidOperationException(
                $"The IP-Adapter '{chosen.Name}' has no image encoder; name one in {nameof(IpAdapterBuilderExtensions.UseIpAdapter)}.");
            using IDisposable loaded = components.Offloader.Load(cancellationToken, encoder);
            return encoder.Encode(images, chosen.Network.ReadsHiddenStates, withNegative: true, components.Device, cancellationToken);
        });
    }
}
