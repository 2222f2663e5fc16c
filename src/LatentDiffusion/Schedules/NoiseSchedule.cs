namespace LatentDiffusion.Schedulers;

/// <summary>
/// The forward process of a discrete-time diffusion model: how much noise each of the T training timesteps adds, and
/// what follows from it. Immutable tables in double precision; index t is in [0, T), the paper's t − 1.
/// </summary>
/// <remarks>
/// Ho, Jain &amp; Abbeel 2020, "Denoising Diffusion Probabilistic Models" (equations cited as DDPM). Training and
/// sampling share one schedule, so that the two cannot disagree.
/// </remarks>
public sealed partial class NoiseSchedule
{
    private readonly double[] _betas;
    private readonly double[] _alphas;
    private readonly double[] _alphaBars;

    private NoiseSchedule(double[] betas, double[] alphas, double[] alphaBars)
    {
        _betas = betas;
        _alphas = alphas;
        _alphaBars = alphaBars;
    }

    /// <summary>Number of training timesteps T.</summary>
    public int Timesteps => _betas.Length;

    /// <summary>β_t, the variance that step t adds (DDPM equation 2).</summary>
    public IReadOnlyList<double> Betas => _betas;

    /// <summary>α_t = 1 − β_t.</summary>
    public IReadOnlyList<double> Alphas => _alphas;

    /// <summary>ᾱ_t = α_0·…·α_t: the signal's share of the variance of x_t (DDPM equation 4).</summary>
    public IReadOnlyList<double> AlphasCumprod => _alphaBars;

    /// <summary>Evenly spaced β (DDPM section 4).</summary>
    /// <param name="timesteps">T, at least 1.</param>
    /// <param name="betaStart">β of the first timestep, in (0, 1).</param>
    /// <param name="betaEnd">β of the last timestep, in (0, 1).</param>
    /// <exception cref="ArgumentOutOfRangeException">T is less than 1, or a β is not in (0, 1].</exception>
    public static NoiseSchedule Linear(int timesteps = 1000, double betaStart = 1e-4, double betaEnd = 0.02) =>
        FromBetas(Tabulate(timesteps, u => double.Lerp(betaStart, betaEnd, u)));

    /// <summary>β whose square roots are evenly spaced: the schedule of latent diffusion (Rombach et al. 2022).</summary>
    /// <param name="timesteps">T, at least 1.</param>
    /// <param name="betaStart">β of the first timestep, in (0, 1).</param>
    /// <param name="betaEnd">β of the last timestep, in (0, 1).</param>
    /// <exception cref="ArgumentOutOfRangeException">T is less than 1, or a β is not in (0, 1].</exception>
    public static NoiseSchedule ScaledLinear(int timesteps = 1000, double betaStart = 0.00085, double betaEnd = 0.012) =>
        FromBetas(Tabulate(timesteps, u => Square(double.Lerp(Math.Sqrt(betaStart), Math.Sqrt(betaEnd), u))));

    /// <summary>ᾱ that follows a squared cosine, f(t) = cos²((t/T + 0.008)/1.008·π/2) (Nichol &amp; Dhariwal 2021, equation 17).</summary>
    /// <param name="timesteps">T, at least 1.</param>
    /// <param name="maxBeta">Upper bound of β, which keeps the last steps from singularities; in (0, 1].</param>
    /// <exception cref="ArgumentOutOfRangeException">T is less than 1, or <paramref name="maxBeta"/> is not in (0, 1].</exception>
    public static NoiseSchedule Cosine(int timesteps = 1000, double maxBeta = 0.999) =>
        FromAlphaBar(timesteps, maxBeta, u => Square(Math.Cos((u + 0.008) / 1.008 * Math.PI / 2)));

    /// <summary>ᾱ = e^{−12t/T}.</summary>
    /// <param name="timesteps">T, at least 1.</param>
    /// <param name="maxBeta">Upper bound of β, in (0, 1].</param>
    /// <exception cref="ArgumentOutOfRangeException">T is less than 1, or <paramref name="maxBeta"/> is not in (0, 1].</exception>
    public static NoiseSchedule Exponential(int timesteps = 1000, double maxBeta = 0.999) =>
        FromAlphaBar(timesteps, maxBeta, u => Math.Exp(-12 * u));

    /// <summary>
    /// Log signal-to-noise ratios that follow a Laplace distribution around 0 with scale ½ (Hang et al. 2024, "Improved
    /// Noise Schedule for Diffusion Training", table 1), in the published form, which takes √ᾱ for ᾱ.
    /// </summary>
    /// <param name="timesteps">T, at least 1.</param>
    /// <param name="maxBeta">Upper bound of β, in (0, 1].</param>
    /// <exception cref="ArgumentOutOfRangeException">T is less than 1, or <paramref name="maxBeta"/> is not in (0, 1].</exception>
    public static NoiseSchedule Laplace(int timesteps = 1000, double maxBeta = 0.999) => FromAlphaBar(timesteps, maxBeta, u =>
    {
        double ratio = Math.Exp(-0.5 * Math.CopySign(1, 0.5 - u) * Math.Log(1 - 2 * Math.Abs(0.5 - u) + 1e-6));
        return Math.Sqrt(ratio / (1 + ratio));
    });

    /// <summary>β on a logistic curve between its ends, argument −6 to 6 (GeoDiff, Xu et al. 2022).</summary>
    /// <param name="timesteps">T, at least 1.</param>
    /// <param name="betaStart">Lower asymptote of β, in (0, 1).</param>
    /// <param name="betaEnd">Upper asymptote of β, in (0, 1).</param>
    /// <exception cref="ArgumentOutOfRangeException">T is less than 1, or a β is not in (0, 1].</exception>
    public static NoiseSchedule Sigmoid(int timesteps = 1000, double betaStart = 1e-4, double betaEnd = 0.02) =>
        FromBetas(Tabulate(timesteps, u => betaStart + (betaEnd - betaStart) / (1 + Math.Exp(6 - 12 * u))));

    /// <summary>A custom schedule.</summary>
    /// <param name="betas">β of each timestep, at least one, each in [0, 1].</param>
    /// <exception cref="ArgumentException"><paramref name="betas"/> is empty.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A β is not in [0, 1]; the message says which.</exception>
    public static NoiseSchedule FromBetas(IReadOnlyList<double> betas)
    {
        ArgumentNullException.ThrowIfNull(betas);
        if (betas.Count == 0) throw new ArgumentException("A schedule has at least one timestep.", nameof(betas));
        double[] alphas = new double[betas.Count], alphaBars = new double[betas.Count];
        double product = 1;
        for (int t = 0; t < betas.Count; t++)
        {
            if (!(betas[t] is >= 0 and <= 1))
                throw new ArgumentOutOfRangeException(nameof(betas), betas[t], $"β of timestep {t} is not in [0, 1].");
            alphas[t] = 1 - betas[t];
            alphaBars[t] = product *= alphas[t];
        }

        return new NoiseSchedule([.. betas], alphas, alphaBars);
    }

    /// <summary>
    /// This schedule with √ᾱ shifted and scaled so that the last timestep is pure noise and the first is unchanged
    /// (Lin et al. 2024, "Common Diffusion Noise Schedules and Sample Steps are Flawed", algorithm 1). At the last
    /// timestep ε then does not determine x_0: such a model predicts velocity or the sample.
    /// </summary>
    public NoiseSchedule WithZeroTerminalSnr()
    {
        double first = Math.Sqrt(_alphaBars[0]), last = Math.Sqrt(_alphaBars[^1]);
        if (first == last) return this;
        double[] betas = new double[Timesteps];
        double previous = 1;
        for (int t = 0; t < Timesteps; t++)
        {
            double alphaBar = Square((Math.Sqrt(_alphaBars[t]) - last) * (first / (first - last)));
            betas[t] = 1 - alphaBar / previous;
            previous = alphaBar;
        }

        return FromBetas(betas);
    }

    /// <summary>ᾱ_t/(1 − ᾱ_t), the ratio of the variances of signal and noise in x_t (Kingma et al. 2021, equation 2).</summary>
    /// <param name="t">Timestep in [0, T).</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="t"/> is not in [0, T).</exception>
    public double SignalToNoiseRatio(int t)
    {
        CheckTimestep(t);
        return _alphaBars[t] / (1 - _alphaBars[t]);
    }

    /// <summary>The tables as the published reference holds them, in single precision, so that trajectories agree with it.</summary>
    internal NoiseSchedule InSinglePrecision()
    {
        double[] betas = [.. _betas.Select(b => (double)(float)b)];
        double[] alphas = [.. betas.Select(b => (double)(1f - (float)b))];
        double[] alphaBars = new double[Timesteps];
        double product = 1;
        for (int t = 0; t < Timesteps; t++) alphaBars[t] = (float)(product *= alphas[t]);
        return new NoiseSchedule(betas, alphas, alphaBars);
    }

    /// <summary>The same tables with another last ᾱ.</summary>
    internal NoiseSchedule WithLastAlphaBar(double alphaBar) => new(_betas, _alphas, [.. _alphaBars[..^1], alphaBar]);

    private void CheckTimestep(long t)
    {
        if (t < 0 || t >= Timesteps)
            throw new ArgumentOutOfRangeException(nameof(t), t, $"A timestep of this schedule is in [0, {Timesteps}).");
    }

    /// <summary>β_t = 1 − ᾱ((t+1)/T)/ᾱ(t/T), bounded.</summary>
    private static NoiseSchedule FromAlphaBar(int timesteps, double maxBeta, Func<double, double> alphaBar)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(timesteps, 1);
        return FromBetas([.. Enumerable.Range(0, timesteps).Select(t =>
            Math.Min(1 - alphaBar((t + 1.0) / timesteps) / alphaBar((double)t / timesteps), maxBeta))]);
    }

    /// <summary>The function at evenly spaced points from 0 to 1.</summary>
    private static double[] Tabulate(int timesteps, Func<double, double> beta)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(timesteps, 1);
        return [.. Enumerable.Range(0, timesteps).Select(t => beta((double)t / Math.Max(timesteps - 1, 1)))];
    }

    private static double Square(double x) => x * x;
}
