namespace LatentDiffusion.Evaluation;

/// <summary>
/// Σ KL(q(x_{t−1}|x_t, x_0) ‖ p(x_{t−1}|x_t)) over the timesteps after the first, per dimension, where p has one of the
/// fixed variances: a divergence is c_t + w_t·e_t, with e_t the mean squared error of the prediction.
/// </summary>
/// <remarks>
/// c_t and w_t are known, so that they are summed over all timesteps, and only the error is left to a draw: a stratum's share
/// is (Σw)·e_τ with τ drawn by w, which is the stratum's Σ w·e on average, and exactly so where the error is even. That of a
/// sample falls with the noise; what is even of it is e_t/n_t², the error of the velocity it means.
/// </remarks>
internal sealed class DivergenceSum
{
    private readonly double[] _weights, _unit;

    public DivergenceSum(DenoisingProcess process, NoiseSchedule schedule, ReverseVariance variance)
    {
        _unit = [.. Enumerable.Range(0, schedule.Timesteps).Select(t => process.PredictionType == PredictionType.Sample ? Math.Pow(process.Level(t).Noise, 2) : 1)];
        _weights = new double[schedule.Timesteps];
        for (int t = 1; t < schedule.Timesteps; t++)
        {
            double logTrue = schedule.PosteriorLogVariance(t), logModel = LogVariance(schedule, t, variance);
            // The means differ by c_0·(x_0 − x̂_0), with c_0 of equation 7.
            double toMean = schedule.PosteriorMean(t).Clean * process.CleanEstimate(t).Prediction;
            Constants += 0.5 * (logModel - logTrue + Math.Exp(logTrue - logModel) - 1);
            _weights[t] = 0.5 * toMean * toMean * Math.Exp(-logModel) * _unit[t];
        }
    }

    /// <summary>Σ c_t, nats.</summary>
    public double Constants { get; }

    /// <summary>log of the model's variance at a timestep.</summary>
    public static double LogVariance(NoiseSchedule schedule, int t, ReverseVariance variance) =>
        variance == ReverseVariance.Beta ? Math.Log(schedule.Betas[t]) : schedule.PosteriorLogVariance(t);

    /// <summary>The timestep that a picture is evaluated at for a stratum, with a probability of <see cref="Probability"/>.</summary>
    public int Draw(Strata.Stratum stratum, ulong seed, int picture)
    {
        // 53 bits, as many as a double holds.
        double left = (SeedSequence.Of(SeedSequence.Of(~seed, stratum.Low), picture) >> 11) * Math.Pow(2, -53) * Sum(stratum);
        for (int t = stratum.Low; t < stratum.High - 1; t++)
        {
            left -= _weights[t];
            if (left < 0) return t;
        }

        return stratum.High - 1;
    }

    /// <summary>How likely a timestep is drawn in its stratum.</summary>
    public double Probability(Strata.Stratum stratum, int t) => _weights[t] / Sum(stratum);

    /// <summary>What a stratum adds to the sum, by the error at the timestep drawn; nats.</summary>
    public double Share(Strata.Stratum stratum, int t, double error) => Sum(stratum) * error / _unit[t];

    private double Sum(Strata.Stratum stratum) => _weights.AsSpan(stratum.Low, stratum.Width).ToArray().Sum();
}
