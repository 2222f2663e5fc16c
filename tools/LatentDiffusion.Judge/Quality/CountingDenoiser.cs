using static TorchSharp.torch;

namespace LatentDiffusion.Judge;

/// <summary>Counts the images that a network evaluates: guidance evaluates each twice.</summary>
internal sealed class CountingDenoiser(IDenoiser inner) : IDenoiser
{
    /// <summary>Images evaluated so far.</summary>
    public long Evaluations { get; private set; }

    public DenoiserDescription Description => inner.Description;

    public Tensor Predict(DenoiserInput input)
    {
        Evaluations += input.Latents.shape[0];
        return inner.Predict(input);
    }
}
