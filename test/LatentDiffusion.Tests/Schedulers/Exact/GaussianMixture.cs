using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Schedulers.Exact;

/// <summary>
/// One-dimensional data whose noisy marginals, denoiser and probability flow are known exactly. Every element of a tensor
/// is a separate sample. Double precision.
/// </summary>
public sealed class GaussianMixture(params (double Weight, double Mean, double Deviation)[] components)
{
    public static GaussianMixture Single { get; } = new((1, 0.4, 0.6));

    public static GaussianMixture Two { get; } = new((0.4, -0.9, 0.5), (0.6, 0.8, 0.4));

    public double Mean => components.Sum(c => c.Weight * c.Mean);

    public double Variance => components.Sum(c => c.Weight * ((c.Deviation * c.Deviation) + (c.Mean * c.Mean))) - (Mean * Mean);

    /// <summary>E[x_0|x] at x = α·x_0 + σ·ε: each component's regression, weighted by its responsibility.</summary>
    public Tensor Denoise(Tensor x, double alpha, double sigma)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor responsibilities = stack(components.Select(c => Log(x, c, alpha, sigma))).softmax(0);
        Tensor sum = zeros_like(x);
        for (int k = 0; k < components.Length; k++)
        {
            (_, double mean, double deviation) = components[k];
            double gain = alpha * deviation * deviation / Spread(deviation, alpha, sigma);
            sum = sum.Add(responsibilities[k] * x.Add(-alpha * mean).Multiply(gain).Add(mean));
        }

        return sum.MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Where the probability flow carries x from one level to another. In one dimension it keeps order, and so the value of
    /// the distribution function.
    /// </summary>
    public Tensor Flow(Tensor x, (double Alpha, double Sigma) from, (double Alpha, double Sigma) to)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor target = Distribution(x, from), low = full_like(x, -60), high = full_like(x, 60);
        for (int i = 0; i < 64; i++)
        {
            Tensor middle = low.Add(high).Divide(2), below = Distribution(middle, to).lt(target);
            low = where(below, middle, low);
            high = where(below, high, middle);
        }

        return low.Add(high).Divide(2).MoveToOuterDisposeScope();
    }

    /// <summary>The quantiles of the marginal at a level for given standard normal numbers.</summary>
    public Tensor FromNormal(Tensor z, (double Alpha, double Sigma) level) => new GaussianMixture((1, 0, 1)).Compose(this, z, level);

    private static double Spread(double deviation, double alpha, double sigma) => (alpha * alpha * deviation * deviation) + (sigma * sigma);

    private static Tensor Log(Tensor x, (double Weight, double Mean, double Deviation) component, double alpha, double sigma)
    {
        double variance = Spread(component.Deviation, alpha, sigma);
        return x.Add(-alpha * component.Mean).square()
            .Multiply(-0.5 / variance).Add(Math.Log(component.Weight) - (0.5 * Math.Log(variance)));
    }

    private Tensor Distribution(Tensor x, (double Alpha, double Sigma) level) => components
        .Select(c => special.erf(x.Add(-level.Alpha * c.Mean).Divide(Math.Sqrt(2 * Spread(c.Deviation, level.Alpha, level.Sigma))))
            .Multiply(c.Weight / 2))
        .Aggregate((a, b) => a.Add(b)).Add(0.5);

    private Tensor Compose(GaussianMixture other, Tensor z, (double Alpha, double Sigma) level)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor target = Distribution(z, (1, 0)), low = full_like(z, -1000), high = full_like(z, 1000);
        for (int i = 0; i < 70; i++)
        {
            Tensor middle = low.Add(high).Divide(2), below = other.Distribution(middle, level).lt(target);
            low = where(below, middle, low);
            high = where(below, high, middle);
        }

        return low.Add(high).Divide(2).MoveToOuterDisposeScope();
    }
}
