using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Takes the place of an autoencoder to see the latents that a pipeline ends with.</summary>
internal sealed class LatentsWithoutImage : IAutoencoder
{
    public Tensor? Last { get; private set; }

    public int LatentChannels => 4;

    public int DownsamplingFactor => 2;

    public LatentDistribution Encode(Tensor images, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Tensor Decode(Tensor latents, CancellationToken cancellationToken = default)
    {
        Last = latents.clone().DetachFromDisposeScope();
        return zeros(latents.shape[0], 3, latents.shape[2] * 2, latents.shape[3] * 2);
    }
}
