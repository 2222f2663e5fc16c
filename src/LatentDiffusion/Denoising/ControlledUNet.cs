using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A U-Net under the control of pictures.</summary>
/// <param name="denoiser">The denoiser, which stays as it is.</param>
/// <param name="attention">The texts of the generation, and the perturbed blocks where there are some.</param>
/// <param name="control">What is added to each evaluation.</param>
internal sealed class ControlledUNet(UNetDenoiser denoiser, AttentionState attention, ControlSchedule control) : IPerturbableDenoiser, IGuidanceScaleDenoiser
{
    public int InChannels => denoiser.InChannels;

    public SizeConditioning SizeConditioning => denoiser.SizeConditioning;

    public Tensor Predict(Tensor latents, double timestep, Conditioning conditioning) => Predict(latents, timestep, conditioning, guidanceScale: 1);

    public Tensor Predict(Tensor latents, double timestep, Conditioning conditioning, double guidanceScale) =>
        denoiser.Predict(latents, timestep, conditioning, attention, guidanceScale, control);

    public IDenoiser Perturb(IReadOnlyList<string> layers) =>
        new ControlledUNet(denoiser, attention with { Perturbed = denoiser.SelfAttention(layers) }, control);
}
