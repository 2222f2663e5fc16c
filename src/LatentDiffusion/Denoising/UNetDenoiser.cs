using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A U-Net as a denoiser.</summary>
/// <param name="network">The network.</param>
public sealed class UNetDenoiser(UNet2DConditionModel network) : ICachingDenoiser, IPerturbableDenoiser, IDisposable
{
    /// <inheritdoc />
    public int InChannels => network.Config.InChannels;

    /// <inheritdoc />
    public Tensor Predict(Tensor latents, double timestep, Conditioning conditioning) => Predict(latents, timestep, conditioning, attention: null);

    /// <inheritdoc />
    public IDenoiserRun Start() => new UNetRun(this);

    /// <inheritdoc />
    public IDenoiser Perturb(IReadOnlyList<string> layers) => new PerturbedUNet(this, new AttentionState(Texts: null, SelfAttention(layers)));

    /// <summary>Disposes the network.</summary>
    public void Dispose() => network.Dispose();

    /// <summary>Evaluates the network with what belongs to a run.</summary>
    internal Tensor Predict(Tensor latents, double timestep, Conditioning conditioning, AttentionState? attention)
    {
        ArgumentNullException.ThrowIfNull(latents);
        ArgumentNullException.ThrowIfNull(conditioning);
        using IDisposable noGrad = no_grad();
        using Tensor timesteps = tensor([(float)timestep], device: latents.device);
        return network.call(new UNetInput(latents, timesteps, conditioning.HiddenStates)
        {
            Mask = conditioning.Mask,
            TextEmbeds = conditioning.Pooled,
            Attention = attention,
        });
    }

    /// <summary>The transformer blocks at or below the paths.</summary>
    internal IReadOnlySet<BasicTransformerBlock> SelfAttention(IReadOnlyList<string> layers)
    {
        ArgumentNullException.ThrowIfNull(layers);
        return SelfAttentionLayers.Find(network, layers);
    }
}
