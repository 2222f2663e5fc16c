using LatentDiffusion;
using static TorchSharp.torch;

namespace TrainFromScratch;

/// <summary>A tiny autoencoder as a pipeline takes it, with scaling and shift.</summary>
/// <param name="network">The network; stays the caller's.</param>
internal sealed class TinyLatents(AutoencoderTiny network) : IAutoencoder
{
    private readonly double _scale = network.Config.ScalingFactor, _shift = network.Config.ShiftFactor ?? 0;

    public int LatentChannels => network.Config.LatentChannels;

    public int DownsamplingFactor => 1 << (network.Config.NumEncoderBlocks.Length - 1);

    public LatentDistribution Encode(Tensor images)
    {
        using IDisposable noGrad = no_grad();
        using Tensor latents = network.Encode(images);
        return new LatentDistribution((latents - _shift).mul_(_scale));
    }

    public Tensor Decode(Tensor latents)
    {
        using IDisposable noGrad = no_grad();
        using Tensor unscaled = (latents / _scale).add_(_shift);
        return network.Decode(unscaled);
    }
}
