using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Denoising;

/// <summary>
/// An autoencoder of a user's own that looks at one latent pixel at a time: pixels repeat it, latents are means. In tiles
/// it gives the same as whole, whatever the tiles.
/// </summary>
internal sealed class SpreadAutoencoder : IAutoencoder
{
    public int LatentChannels => 3;

    public int DownsamplingFactor => 4;

    /// <summary>Shapes of its inputs, in order.</summary>
    public List<long[]> Seen { get; } = [];

    public Action? BeforeWork { get; set; }

    public LatentDistribution Encode(Tensor images, CancellationToken cancellationToken = default)
    {
        BeforeWork?.Invoke();
        Seen.Add(images.shape);
        Tensor mean = nn.functional.avg_pool2d(images, DownsamplingFactor);
        return new LatentDistribution(mean, mean.abs());
    }

    public Tensor Decode(Tensor latents, CancellationToken cancellationToken = default)
    {
        BeforeWork?.Invoke();
        Seen.Add(latents.shape);
        return latents.repeat_interleave(DownsamplingFactor, 2).repeat_interleave(DownsamplingFactor, 3);
    }
}
