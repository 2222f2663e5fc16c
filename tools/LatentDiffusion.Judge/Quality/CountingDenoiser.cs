using static TorchSharp.torch;

namespace LatentDiffusion.Judge;

/// <summary>Counts the pictures that go through a network: guidance takes each through it twice.</summary>
internal sealed class CountingDenoiser(IDenoiser inner) : IDenoiser
{
    /// <summary>Pictures evaluated so far.</summary>
    public long Evaluations { get; private set; }

    public int InChannels => inner.InChannels;

    public SizeConditioning SizeConditioning => inner.SizeConditioning;

    public Tensor Predict(Tensor latents, double timestep, Conditioning conditioning)
    {
        Evaluations += latents.shape[0];
        return inner.Predict(latents, timestep, conditioning);
    }
}
