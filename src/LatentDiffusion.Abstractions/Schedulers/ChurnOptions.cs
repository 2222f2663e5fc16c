namespace LatentDiffusion.Schedulers;

/// <summary>Noise added back at each step of a stochastic sampler (Karras et al. 2022, algorithm 2).</summary>
/// <param name="Churn">S_churn, at least 0: total amount, spread over the steps.</param>
/// <param name="MinimumSigma">S_tmin: below it nothing is added.</param>
/// <param name="MaximumSigma">S_tmax: above it nothing is added.</param>
/// <param name="NoiseScale">S_noise: standard deviation of the added noise, relative.</param>
public sealed record ChurnOptions(
    double Churn = 0,
    double MinimumSigma = 0,
    double MaximumSigma = double.PositiveInfinity,
    double NoiseScale = 1);
