using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A generation over a U-Net: keys and values of each text are computed at its first evaluation and kept.</summary>
/// <param name="denoiser">The denoiser, which stays as it is.</param>
/// <param name="stop">Checked before each evaluation.</param>
internal sealed class UNetRun(UNetDenoiser denoiser, CancellationToken stop) : IDenoiserRun, IPerturbableDenoiser, IGuidanceScaleDenoiser
{
    /// <summary>The texts seen so far.</summary>
    public TextCache Texts { get; } = new();

    private AttentionState State => new(Texts, Stop: stop);

    public int InChannels => denoiser.InChannels;

    public SizeConditioning SizeConditioning => denoiser.SizeConditioning;

    public Tensor Predict(Tensor latents, double timestep, Conditioning conditioning) =>
        denoiser.Predict(latents, timestep, conditioning, State);

    public Tensor Predict(Tensor latents, double timestep, Conditioning conditioning, double guidanceScale) =>
        denoiser.Predict(latents, timestep, conditioning, State, guidanceScale);

    // Perturbed or not, the text has the same keys and values.
    public IDenoiser Perturb(IReadOnlyList<string> layers) => new PerturbedUNet(denoiser, State with { Perturbed = denoiser.SelfAttention(layers) });

    /// <summary>The same generation under the control of pictures.</summary>
    public IDenoiser Controlled(ControlSchedule control) => new ControlledUNet(denoiser, State, control);

    public void Dispose() => Texts.Dispose();
}
