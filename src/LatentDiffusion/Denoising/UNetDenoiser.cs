using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A U-Net as a denoiser.</summary>
/// <param name="network">The network.</param>
public sealed class UNetDenoiser(UNet2DConditionModel network) : IDenoiser, IDisposable
{
    /// <inheritdoc />
    public int InChannels => network.Config.InChannels;

    /// <inheritdoc />
    public Tensor Predict(Tensor latents, double timestep, Conditioning conditioning)
    {
        ArgumentNullException.ThrowIfNull(latents);
        ArgumentNullException.ThrowIfNull(conditioning);
        using IDisposable noGrad = no_grad();
        using Tensor timesteps = tensor([(float)timestep], device: latents.device);
        return network.call(new UNetInput(latents, timesteps, conditioning.HiddenStates)
        {
            Mask = conditioning.Mask,
            TextEmbeds = conditioning.Pooled,
        });
    }

    /// <summary>Disposes the network.</summary>
    public void Dispose() => network.Dispose();
}
