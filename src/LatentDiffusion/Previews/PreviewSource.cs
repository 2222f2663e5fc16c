namespace LatentDiffusion.Previews;

/// <summary>
/// The preview of a pipeline, made when a generation first asks: it may have to be fitted, which evaluates the autoencoder.
/// </summary>
/// <param name="make">Makes it. Cancelled by the generation that asks; the next one that asks starts over.</param>
internal sealed class PreviewSource(Func<CancellationToken, ILatentPreview> make)
{
    private readonly SemaphoreSlim _making = new(1);
    private volatile ILatentPreview? _made;

    /// <summary>Checks previews when a pipeline is built.</summary>
    /// <param name="preview">The previews; null for none.</param>
    /// <param name="denoiser">The denoiser.</param>
    /// <exception cref="InvalidOperationException">They do not decode the denoiser's latents.</exception>
    public static void Check(ILatentPreview? preview, DenoiserDescription denoiser)
    {
        if (preview?.Supports(denoiser.LatentChannels) == false)
        {
            throw new InvalidOperationException(
                $"{preview.GetType().Name} does not decode latents of {denoiser.LatentChannels} channels, which the model has.");
        }
    }

    /// <summary>The preview, the same for all.</summary>
    /// <param name="cancellationToken">Checked before each evaluation, and while another generation makes it.</param>
    public ILatentPreview Get(CancellationToken cancellationToken)
    {
        if (_made is { } known) return known;
        _making.Wait(cancellationToken);
        try
        {
            return _made ??= make(cancellationToken);
        }
        finally
        {
            _making.Release();
        }
    }
}
