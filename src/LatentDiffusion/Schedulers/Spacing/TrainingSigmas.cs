namespace LatentDiffusion.Schedulers;

/// <summary>The noise levels σ_t = √((1−ᾱ_t)/ᾱ_t) of a training schedule, ascending, and the way between σ and t.</summary>
internal sealed class TrainingSigmas
{
    private readonly double[] _sigmas;
    private readonly double[] _logSigmas;

    public TrainingSigmas(NoiseSchedule schedule)
    {
        _sigmas = Grids.ToSingle(schedule.AlphasCumprod.Select(a => (double)MathF.Sqrt((1 - (float)a) / (float)a)));
        _logSigmas = Grids.ToSingle(_sigmas.Select(s => Math.Log(s)));
    }

    public double Min => _sigmas[0];

    public double Max => _sigmas[^1];

    public double LogMin => _logSigmas[0];

    public double LogMax => _logSigmas[^1];

    /// <summary>Number of timesteps whose log signal-to-noise ratio λ = −log σ is below <paramref name="lambda"/>.</summary>
    public int CountBelow(double lambda) => _sigmas.Count(s => -Math.Log(s) < lambda);

    /// <summary>σ at a timestep, linear between the integer ones.</summary>
    public double At(double timestep) => Grids.Interpolate(_sigmas, timestep);

    /// <summary>The timestep of a noise level, linear in log σ and within [0, T − 1].</summary>
    public double TimestepOf(double sigma)
    {
        if (_sigmas.Length == 1) return 0;
        double logSigma = Math.Log(Math.Max(sigma, 1e-10));
        int low = Math.Clamp(_logSigmas.Count(l => l <= logSigma) - 1, 0, _sigmas.Length - 2);
        double weight = Math.Clamp((_logSigmas[low] - logSigma) / (_logSigmas[low] - _logSigmas[low + 1]), 0, 1);
        return (1 - weight) * low + weight * (low + 1);
    }
}
