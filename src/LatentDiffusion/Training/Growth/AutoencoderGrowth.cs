using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// Starts the training of an autoencoder for larger images from a trained one, level by level (Karras et al. 2018, "Progressive Growing of
/// GANs", section 2, without the fade-in).
/// </summary>
/// <example>
/// <code>
/// using LatentDiffusion.Checkpoints;
/// using LatentDiffusion.Models;
/// using LatentDiffusion.Networks;
/// using LatentDiffusion.Training;
///
/// using var small = (AutoencoderKL)DiffusersFolder.ReadAutoencoder("models/drawings/vae");
/// // For 256 x 256 instead of 128 x 128 pixels, with latents of the same size and eight channels.
/// using AutoencoderKL large = AutoencoderGrowth.AddLevel(small, latentChannels: 8);
/// </code>
/// </example>
public static class AutoencoderGrowth
{
    /// <summary>
    /// Returns an autoencoder with one more level in encoder and decoder, at the largest size. The first channels of its latents are the
    /// latents of the smaller autoencoder for the image at half the width and height: exactly for images that were enlarged by repeating
    /// pixels. Further latent channels begin without effect. Reconstructions are those of the smaller autoencoder, enlarged.
    /// </summary>
    /// <param name="network">The trained autoencoder; stays the caller's.</param>
    /// <param name="latentChannels">Latent channels of the result, at least as many as the network has.</param>
    /// <returns>The autoencoder for twice the width and height, in float32 on the CPU. Train it before use.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer latent channels than in the network.</exception>
    /// <exception cref="ArgumentException">
    /// The highest resolution of the network has fewer channels than four times the channels of its images.
    /// </exception>
    public static AutoencoderKL AddLevel(AutoencoderKL network, int latentChannels)
    {
        ArgumentNullException.ThrowIfNull(network);
        AutoencoderKLConfig config = network.Config;
        ArgumentOutOfRangeException.ThrowIfLessThan(latentChannels, config.LatentChannels);
        if (config.BlockOutChannels[0] < GrownLevel.FeaturesPerColor * config.InChannels)
            throw new ArgumentException(
                $"The autoencoder has {config.BlockOutChannels[0]} channels at the highest resolution and images of {config.InChannels}; "
                + $"expected at least {GrownLevel.FeaturesPerColor * config.InChannels}.",
                nameof(network));
        AutoencoderKL grown = Enlarge(config, latentChannels).Build();
        using DisposeScope scope = NewDisposeScope();
        using (no_grad())
        using (NetworkUse.ToRead(network))
        {
            var from = network.state_dict().ToDictionary(p => p.Key, p => p.Value.to(ScalarType.Float32, CPU));
            new GrownLevel(from, grown.state_dict(), config).Copy();
        }

        return grown;
    }

    private static AutoencoderKLConfig Enlarge(AutoencoderKLConfig config, int latentChannels)
    {
        IEnumerable<double> New(double value) => Enumerable.Repeat(value, latentChannels - config.LatentChannels);
        return config with
        {
            DownBlockTypes = [AutoencoderBlock.PlainDown, .. config.DownBlockTypes],
            UpBlockTypes = [.. config.UpBlockTypes, AutoencoderBlock.PlainUp],
            BlockOutChannels = [config.BlockOutChannels[0], .. config.BlockOutChannels],
            LatentChannels = latentChannels,
            SampleSize = 2 * config.SampleSize[0],
            LatentsMean = config.LatentsMean is { } mean ? [.. mean, .. New(0)] : null,
            LatentsStd = config.LatentsStd is { } deviation ? [.. deviation, .. New(1)] : null,
        };
    }
}
