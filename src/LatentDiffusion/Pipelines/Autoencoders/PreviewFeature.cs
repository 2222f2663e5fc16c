namespace LatentDiffusion;

/// <summary>Previews of a tiny autoencoder, which is on the device that computes while the denoiser is.</summary>
/// <param name="preview">The previews.</param>
internal sealed class PreviewFeature(TinyAutoencoderPreview preview) : IPipelineFeature
{
    public IReadOnlyList<IOffloadable> Networks => [preview];

    public static void AddTo(PipelineAssembly assembly)
    {
        if (assembly.Choices.Get<PreviewChoice>() is not { } choice) return;
        if (assembly.HasCustomPreview)
            throw new InvalidOperationException("UsePreview was called with a path and with a preview; expected one of them.");
        var preview = TinyAutoencoderPreview.Read(choice.Path, AutoencoderFile.Reading(assembly, choice.Precision));
        // In place before it is checked, so that it is released with the rest.
        assembly.Features.Add(new PreviewFeature(preview));
        assembly.Preview = preview;
        DenoiserDescription denoiser = assembly.Denoiser.Description;
        if (!preview.Supports(denoiser.LatentChannels))
        {
            throw new InvalidOperationException(
                $"The preview '{AutoencoderFile.NameOf(choice.Path)}' decodes {preview.LatentChannels} latent channels; expected the "
                + $"model's {denoiser.LatentChannels}{AutoencoderFile.Of(denoiser)}.");
        }
    }

    public void Dispose() => preview.Dispose();
}
