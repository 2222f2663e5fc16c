using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A U-Net as a denoiser.</summary>
/// <param name="network">The network.</param>
public sealed class UNetDenoiser(UNet2DConditionModel network) : IDenoiser, IDisposable
{
    private readonly ScalarType _type = network.parameters().First().dtype;

    /// <inheritdoc />
    public int InChannels => network.Config.InChannels;

    /// <inheritdoc />
    public Tensor Predict(Tensor latents, double timestep, Conditioning conditioning)
    {
        ArgumentNullException.ThrowIfNull(latents);
        ArgumentNullException.ThrowIfNull(conditioning);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor timesteps = tensor([(float)timestep], device: latents.device);
        // Sampling is in the latents' type, single precision; the network computes in its own.
        return network.call(new UNetInput(latents.to(_type), timesteps, conditioning.HiddenStates.to(_type))
        {
            Mask = conditioning.Mask,
            TextEmbeds = conditioning.Pooled?.to(_type),
        }).to(latents.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>Disposes the network.</summary>
    public void Dispose() => network.Dispose();
}
