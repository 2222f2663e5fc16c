using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A U-Net with some of its self-attention perturbed.</summary>
/// <param name="denoiser">The denoiser, which stays as it is.</param>
/// <param name="attention">The perturbed blocks, and the texts of the run where there is one.</param>
internal sealed class PerturbedUNet(UNetDenoiser denoiser, AttentionState attention) : IDenoiser
{
    public int InChannels => denoiser.InChannels;

    public SizeConditioning SizeConditioning => denoiser.SizeConditioning;

    public Tensor Predict(Tensor latents, double timestep, Conditioning conditioning) => denoiser.Predict(latents, timestep, conditioning, attention);
}
