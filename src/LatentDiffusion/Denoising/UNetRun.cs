using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A generation over a U-Net: keys and values of each text are computed at its first evaluation and kept.</summary>
/// <param name="denoiser">The denoiser, which stays as it is.</param>
internal sealed class UNetRun(UNetDenoiser denoiser) : IDenoiserRun, IPerturbableDenoiser, IGuidanceScaleDenoiser
{
    /// <summary>The texts seen so far.</summary>
    public TextCache Texts { get; } = new();

    public int InChannels => denoiser.InChannels;

    public SizeConditioning SizeConditioning => denoiser.SizeConditioning;

    public Tensor Predict(Tensor latents, double timestep, Conditioning conditioning) =>
        denoiser.Predict(latents, timestep, conditioning, new AttentionState(Texts));

    public Tensor Predict(Tensor latents, double timestep, Conditioning conditioning, double guidanceScale) =>
        denoiser.Predict(latents, timestep, conditioning, new AttentionState(Texts), guidanceScale);

    // Perturbed or not, the text has the same keys and values.
    public IDenoiser Perturb(IReadOnlyList<string> layers) => new PerturbedUNet(denoiser, new AttentionState(Texts, denoiser.SelfAttention(layers)));

    /// <summary>The same generation under the control of pictures.</summary>
    public IDenoiser Controlled(ControlSchedule control) => new ControlledUNet(denoiser, new AttentionState(Texts), control);

    public void Dispose() => Texts.Dispose();
}
