using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Families;

/// <summary>Takes the place of an autoencoder where only latents are compared.</summary>
internal sealed class BlackImages(int channels, int factor) : IAutoencoder
{
    public int LatentChannels => channels;

    public int DownsamplingFactor => factor;

    public LatentDistribution Encode(Tensor images, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Tensor Decode(Tensor latents, CancellationToken cancellationToken = default) =>
        zeros(latents.shape[0], 3, latents.shape[2] * factor, latents.shape[3] * factor);
}
