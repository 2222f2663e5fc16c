using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>The latents of images that shared their evaluations, and what a decoder may read in addition.</summary>
/// <param name="latents">[batch, channels, height, width], in the caller's dispose scope.</param>
/// <param name="images">The last pass of each.</param>
/// <param name="noise">Their noise, from which the steps have drawn. A decoder that draws noise continues, as in diffusers. Owned.</param>
internal sealed class DenoisedBatch(Tensor latents, IReadOnlyList<GenerationPass> images, ImageNoises noise) : IDisposable
{
    /// <summary>Pixels of the images, in the current dispose scope.</summary>
    public Tensor Decode(PipelineComponents components, CancellationToken cancellationToken)
    {
        using DisposeScope scope = NewDisposeScope();
        return components.Autoencoder.Decode(latents, Context(components), cancellationToken).MoveToOuterDisposeScope();
    }

    public void Dispose() => noise.Dispose();

    private DecodingContext Context(PipelineComponents components)
    {
        // All images of a batch have a mask, or none has.
        bool masked = components.Autoencoder.ReadsMaskedImage && images[0].Request is { InitialImage: not null, Mask: not null };
        return new DecodingContext
        {
            Image = masked ? Batch(request => RequestImage.Pixels(request, components)) : null,
            Mask = masked ? Batch(request => RequestImage.Mask(request, components)) : null,
            Noise = noise.Each,
        };
    }

    private Tensor Batch(Func<GenerationRequest, Tensor> make) => cat([.. images.Select(image => make(image.Request))]);
}
