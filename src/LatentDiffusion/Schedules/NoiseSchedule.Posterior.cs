namespace LatentDiffusion.Schedulers;

public sealed partial class NoiseSchedule
{
    /// <summary>
    /// The posterior mean in terms of x_0: μ̃ = c_0·x_0 + c_t·x_t with c_0 = √ᾱ_{t−1}·β_t/(1−ᾱ_t) and
    /// c_t = √α_t·(1−ᾱ_{t−1})/(1−ᾱ_t) (DDPM equation 7); ᾱ before the first timestep is 1.
    /// </summary>
    /// <param name="t">Timestep in [0, T).</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="t"/> is not in [0, T).</exception>
    public (double Clean, double Noisy) PosteriorMean(int t)
    {
        double previous = PreviousAlphaBar(t), noise = 1 - _alphaBars[t];
        return (Math.Sqrt(previous) * _betas[t] / noise, Math.Sqrt(_alphas[t]) * (1 - previous) / noise);
    }

    /// <summary>
    /// The posterior mean in terms of ε: μ̃ = c_t·x_t + c_ε·ε with c_t = 1/√α_t and c_ε = −β_t/(√α_t·√(1−ᾱ_t))
    /// (DDPM equation 11). Not finite at the last timestep of a schedule with zero terminal SNR.
    /// </summary>
    /// <param name="t">Timestep in [0, T).</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="t"/> is not in [0, T).</exception>
    public (double Noisy, double Noise) PosteriorMeanFromNoise(int t)
    {
        CheckTimestep(t);
        double scale = 1 / Math.Sqrt(_alphas[t]);
        return (scale, -scale * _betas[t] / Math.Sqrt(1 - _alphaBars[t]));
    }

    /// <summary>Variance β̃_t = (1−ᾱ_{t−1})/(1−ᾱ_t)·β_t of q(x_{t−1}|x_t, x_0) (DDPM equation 7); 0 at the first timestep.</summary>
    /// <param name="t">Timestep in [0, T).</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="t"/> is not in [0, T).</exception>
    public double PosteriorVariance(int t) => (1 - PreviousAlphaBar(t)) / (1 - _alphaBars[t]) * _betas[t];

    /// <summary>
    /// log β̃_t, where the first timestep, whose variance is 0, takes the second's (Nichol &amp; Dhariwal 2021, section 3.1).
    /// Bounded below by log 1e−20.
    /// </summary>
    /// <param name="t">Timestep in [0, T).</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="t"/> is not in [0, T).</exception>
    public double PosteriorLogVariance(int t)
    {
        CheckTimestep(t);
        return Math.Log(Math.Max(PosteriorVariance(Math.Max(t, Math.Min(1, Timesteps - 1))), 1e-20));
    }

    /// <summary>
    /// The weight β_t²/(2σ_t²·α_t·(1−ᾱ_t)) of ‖ε − ε_θ‖² in the variational bound (DDPM equation 12), next to which the
    /// simple loss (equation 14) has weight 1. σ_t² is the posterior variance β̃_t, and β_t at the first timestep,
    /// where the posterior has none.
    /// </summary>
    /// <param name="t">Timestep in [0, T).</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="t"/> is not in [0, T).</exception>
    public double VariationalWeight(int t)
    {
        double variance = t == 0 ? _betas[0] : PosteriorVariance(t);
        return Square(_betas[t]) / (2 * variance * _alphas[t] * (1 - _alphaBars[t]));
    }

    private double PreviousAlphaBar(int t)
    {
        CheckTimestep(t);
        return t == 0 ? 1 : _alphaBars[t - 1];
    }
}
