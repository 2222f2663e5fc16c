using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>The reference images of one generation, encoded once for all passes.</summary>
internal sealed class ReferenceImageRun : IFeatureRun
{
    private readonly Tensor[][] _latents;

    /// <summary>Encodes them. The latents belong to the caller's dispose scope.</summary>
    /// <exception cref="OperationCanceledException">The generation is cancelled.</exception>
    public ReferenceImageRun(GenerationContext generation, PipelineComponents components)
    {
        IAutoencoder autoencoder = components.Autoencoder;
        using IDisposable loaded = components.Offloader.Load(generation.Token, autoencoder);
        _latents = [.. generation.Requests.Select(request => request.ReferenceImages?.Select(Encode).ToArray() ?? [])];

        // The likeliest latents rather than a sample, as published.
        Tensor Encode(ImageBuffer image)
        {
            generation.ThrowIfStopped();
            ImageBuffer fitted = ReferenceImageSize.Fit(image, components.PixelsPerPatch);
            return autoencoder.Encode(ImageTensor.FromImage(fitted).to(components.Device), generation.Token).Mean;
        }
    }

    public IFeaturePass Prepare(GenerationRequest pass, int index) => new ReferenceImagePass(_latents[index]);
}
