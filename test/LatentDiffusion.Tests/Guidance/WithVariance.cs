using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Guidance;

/// <summary>Adds a variance to each value of another denoiser.</summary>
internal sealed class WithVariance(IDenoiser inner) : IDenoiser
{
    public DenoiserDescription Description => inner.Description with { OutputChannels = 2 * inner.Description.LatentChannels };

    public static double Of(double value) => 10 * value + 1;

    public Tensor Predict(DenoiserInput input)
    {
        Tensor values = inner.Predict(input);
        return cat([values, values * 10 + 1], 1);
    }
}
