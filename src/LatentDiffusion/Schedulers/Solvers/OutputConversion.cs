using static TorchSharp.torch;

namespace LatentDiffusion.Schedulers;

/// <summary>Converts a model's output to the variable of an exponential integrator.</summary>
/// <param name="Process">The diffusion process.</param>
/// <param name="ToClean">Whether x_0 is wanted rather than ε.</param>
/// <param name="Bounds">Bounds of x_0.</param>
internal sealed record OutputConversion(DiffusionProcess Process, bool ToClean, SampleBounds Bounds)
{
    /// <summary>x_0 or ε, as a new tensor that the caller owns.</summary>
    public Tensor Apply(Tensor output, Tensor sample, NoiseLevel at)
    {
        if (ToClean) return Bounds.Apply(Process.ToClean(output, sample, at));
        if (!Bounds.Thresholding) return Process.ToNoise(output, sample, at);
        Tensor clean = Bounds.Apply(Process.ToClean(output, sample, at));
        return LinearCombination.Compute((1 / at.Sigma, sample), (-at.Alpha / at.Sigma, clean));
    }
}
