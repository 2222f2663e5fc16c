using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Sampling as the papers write it, with separate tables and steps: the reference for pipelines.</summary>
internal static class PlainLoop
{
    private const int Training = 1000;

    /// <summary>√β evenly spaced from √0.00085 to √0.012 (Rombach et al. 2022), ᾱ_t the product of 1 − β (Ho et al. 2020).</summary>
    private static readonly double[] s_alphaBars = [.. AlphasCumprod()];

    /// <summary>DDIM without noise (Song et al. 2021, equation 12), "leading" timesteps one later; beyond the first, ᾱ is ᾱ_0.</summary>
    public static Tensor Ddim(Tensor x, int steps, bool velocity, Func<Tensor, double, Tensor> predict)
    {
        foreach (int t in Timesteps(steps))
        {
            double alphaBar = s_alphaBars[t], previous = s_alphaBars[Math.Max(t - Training / steps, 0)];
            Tensor output = predict(x, t);
            // Salimans & Ho 2022, section 4: v = √ᾱ·ε − √(1−ᾱ)·x_0.
            Tensor clean = velocity
                ? Math.Sqrt(alphaBar) * x - Math.Sqrt(1 - alphaBar) * output
                : (x - Math.Sqrt(1 - alphaBar) * output) / Math.Sqrt(alphaBar);
            Tensor noise = velocity ? Math.Sqrt(alphaBar) * output + Math.Sqrt(1 - alphaBar) * x : output;
            x = Math.Sqrt(previous) * clean + Math.Sqrt(1 - previous) * noise;
        }

        return x;
    }

    /// <summary>
    /// Euler's method in σ = √((1−ᾱ)/ᾱ) (Karras et al. 2022, algorithm 1), where x is the sample plus σ·noise and the network sees
    /// x/√(σ²+1).
    /// </summary>
    public static Tensor Euler(Tensor noise, int steps, Func<Tensor, double, Tensor> predict)
    {
        int[] timesteps = Timesteps(steps);
        double[] sigmas = [.. timesteps.Select(t => Math.Sqrt((1 - s_alphaBars[t]) / s_alphaBars[t])), 0];
        Tensor x = noise * Math.Sqrt(sigmas[0] * sigmas[0] + 1);
        for (int i = 0; i < steps; i++)
            x = x + (sigmas[i + 1] - sigmas[i]) * predict(x / Math.Sqrt(sigmas[i] * sigmas[i] + 1), timesteps[i]);
        return x;
    }

    private static int[] Timesteps(int steps) => [.. Enumerable.Range(0, steps).Reverse().Select(i => i * (Training / steps) + 1)];

    private static IEnumerable<double> AlphasCumprod()
    {
        double product = 1, first = Math.Sqrt(0.00085), last = Math.Sqrt(0.012);
        for (int t = 0; t < Training; t++)
        {
            double root = first + (last - first) * t / (Training - 1);
            yield return product *= 1 - root * root;
        }
    }
}
