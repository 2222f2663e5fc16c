using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>The run of a denoiser that keeps nothing between evaluations.</summary>
/// <param name="denoiser">The denoiser, which stays the caller's.</param>
internal sealed class ForwardingRun(IDenoiser denoiser) : IDenoiserRun
{
    public DenoiserDescription Description => denoiser.Description;

    public Tensor Predict(DenoiserInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        // Guidance evaluates several times a step, and custom denoisers need not check.
        input.CancellationToken.ThrowIfCancellationRequested();
        return denoiser.Predict(input);
    }

    public void Dispose()
    {
    }
}
