using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A U-Net whose generations take over deep features from one evaluation to the next. Alone, without a generation, it computes everything.</summary>
/// <param name="denoiser">The U-Net.</param>
/// <param name="options">How much is kept; valid.</param>
internal sealed class StepCachingUNet(UNetDenoiser denoiser, StepCachingOptions options)
    : ICachingDenoiser, IPerturbableDenoiser, IGuidanceScaleDenoiser, ITextReadingDenoiser
{
    /// <summary>The type that the network computes in.</summary>
    public ScalarType Type => denoiser.Type;

    /// <summary>How much is kept.</summary>
    public StepCachingOptions Options => options;

    public int InChannels => denoiser.InChannels;

    public SizeConditioning SizeConditioning => denoiser.SizeConditioning;

    public int TextWidth => ((ITextReadingDenoiser)denoiser).TextWidth;

    public long WorkingBytes(long batch, long latentPixels) => denoiser.WorkingBytes(batch, latentPixels);

    public int? PooledWidth => ((ITextReadingDenoiser)denoiser).PooledWidth;

    public Tensor Predict(Tensor latents, double timestep, Conditioning conditioning) => denoiser.Predict(latents, timestep, conditioning);

    public Tensor Predict(Tensor latents, double timestep, Conditioning conditioning, double guidanceScale) =>
        ((IGuidanceScaleDenoiser)denoiser).Predict(latents, timestep, conditioning, guidanceScale);

    public IDenoiserRun Start(CancellationToken cancellationToken = default) => new StepCachingRun(denoiser, options, cancellationToken);

    public IDenoiser Perturb(IReadOnlyList<string> layers) => denoiser.Perturb(layers);

    public bool TryMoveTo(Device device) => denoiser.TryMoveTo(device);
}
