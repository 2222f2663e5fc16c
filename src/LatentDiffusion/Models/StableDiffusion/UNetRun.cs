using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>A generation over a U-Net: what depends only on a text or a timestep is computed once.</summary>
/// <param name="denoiser">The denoiser, which stays as it is.</param>
internal sealed class UNetRun(UNetDenoiser denoiser) : IDenoiserRun
{
    /// <summary>What was computed so far.</summary>
    public RunCache Cache { get; } = new();

    public DenoiserDescription Description => denoiser.Description;

    public Tensor Predict(DenoiserInput input) => denoiser.Predict(input, Cache);

    public void Dispose() => Cache.Dispose();
}
