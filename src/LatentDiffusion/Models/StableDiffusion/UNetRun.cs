using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>A generation over a U-Net: keys and values of each text are computed at its first evaluation and kept.</summary>
/// <param name="denoiser">The denoiser, which stays as it is.</param>
internal sealed class UNetRun(UNetDenoiser denoiser) : IDenoiserRun
{
    /// <summary>The texts seen so far. With changed self-attention or without, a text has the same keys and values.</summary>
    public TextCache Texts { get; } = new();

    public DenoiserDescription Description => denoiser.Description;

    public Tensor Predict(DenoiserInput input) => denoiser.Predict(input, Texts);

    public void Dispose() => Texts.Dispose();
}
