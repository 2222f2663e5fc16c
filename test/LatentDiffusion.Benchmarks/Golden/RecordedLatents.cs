using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>An autoencoder that also hashes the latents it encodes and decodes.</summary>
internal sealed class RecordedLatents(IAutoencoder autoencoder, GoldenHashes hashes) : IAutoencoder
{
    public int LatentChannels => autoencoder.LatentChannels;

    public int DownsamplingFactor => autoencoder.DownsamplingFactor;

    public LatentDistribution Encode(Tensor images, CancellationToken cancellationToken = default)
    {
        LatentDistribution encoded = autoencoder.Encode(images);
        hashes.Add("encoded", encoded.Mean);
        return encoded;
    }

    public Tensor Decode(Tensor latents, CancellationToken cancellationToken = default)
    {
        hashes.Add("latents", latents);
        return autoencoder.Decode(latents);
    }
}
