using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Guidance;

/// <summary>Tells beside each value of another denoiser what would be its variance.</summary>
internal sealed class WithVariance(IPerturbableDenoiser inner) : IPerturbableDenoiser
{
    public int InChannels => inner.InChannels;

    public static double Of(double value) => 10 * value + 1;

    public Tensor Predict(Tensor latents, double timestep, Conditioning conditioning) => Beside(inner.Predict(latents, timestep, conditioning));

    public IDenoiser Perturb(IReadOnlyList<string> layers) => new Perturbed(inner.Perturb(layers));

    private static Tensor Beside(Tensor values) => cat([values, values * 10 + 1], 1);

    private sealed class Perturbed(IDenoiser perturbed) : IDenoiser
    {
        public int InChannels => perturbed.InChannels;

        public Tensor Predict(Tensor latents, double timestep, Conditioning conditioning) => Beside(perturbed.Predict(latents, timestep, conditioning));
    }
}
