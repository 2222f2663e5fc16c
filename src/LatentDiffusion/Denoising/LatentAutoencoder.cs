using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>An <see cref="AutoencoderKL"/> with its scaling and shift, as the denoiser sees it.</summary>
/// <param name="network">The network.</param>
public sealed class LatentAutoencoder(AutoencoderKL network) : IAutoencoder, IDisposable
{
    private readonly double _scale = network.Config.ScalingFactor, _shift = network.Config.ShiftFactor ?? 0;
    private readonly ScalarType _type = network.parameters().First().dtype;

    internal AutoencoderKLConfig Config => network.Config;

    /// <inheritdoc />
    public int LatentChannels => network.Config.LatentChannels;

    /// <inheritdoc />
    public int DownsamplingFactor => 1 << (network.Config.BlockOutChannels.Length - 1);

    /// <inheritdoc />
    public LatentDistribution Encode(Tensor images)
    {
        ArgumentNullException.ThrowIfNull(images);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        (Tensor mean, Tensor logVariance) = network.Encode(images.to(_type));
        (mean, logVariance) = (mean.to(images.dtype), logVariance.to(images.dtype));
        Tensor deviation = (0.5 * logVariance).exp_().mul_(_scale);
        return new LatentDistribution(
            mean.sub_(_shift).mul_(_scale).MoveToOuterDisposeScope(), deviation.MoveToOuterDisposeScope());
    }

    /// <inheritdoc />
    public Tensor Decode(Tensor latents)
    {
        ArgumentNullException.ThrowIfNull(latents);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor unscaled = (latents / _scale).add_(_shift);
        return network.Decode(unscaled.to(_type)).to(latents.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>Disposes the network.</summary>
    public void Dispose() => network.Dispose();
}
