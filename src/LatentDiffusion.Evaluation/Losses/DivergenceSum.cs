namespace LatentDiffusion.Evaluation;

/// <summary>
/// Σ KL(q(x_{t−1}|x_t, x_0) ‖ p(x_{t−1}|x_t)) over the timesteps after the first, per dimension, where p has a fixed variance. A
/// divergence is c_t + w_t·e_t, where e_t is the mean squared error of the prediction.
/// </summary>
/// <remarks>
/// c_t and w_t are known and summed over all timesteps; only the error is sampled. A stratum contributes (Σw)·e_τ with τ drawn
/// in proportion to w, which equals the stratum's Σ w·e on average, and exactly if the error is constant. The error of a sample
/// prediction falls with the noise; e_t/n_t², the error of the implied velocity, is about constant instead.
/// </remarks>
internal sealed class DivergenceSum
{
    private readonly double[] _weights, _unit;

    public DivergenceSum(DiffusionProcess process, NoiseSchedule schedule, ReverseVariance variance)
    {
        _unit = [.. Enumerable.Range(0, schedule.Timesteps)
            .Select(t => process.PredictionType == PredictionType.Sample ? Math.Pow(process.LevelAt(t).Sigma, 2) : 1)];
        _weights = new double[schedule.Timesteps];
        for (int t = 1; t < schedule.Timesteps; t++)
        {
            double logTrue = schedule.PosteriorLogVariance(t), logModel = LogVariance(schedule, t, variance);
            // The means differ by c_0·(x_0 − x̂_0), with c_0 from equation 7.
            PredictionWeights clean = process.CleanWeights(process.LevelAt(t));
            if (!clean.IsInvertible)
            {
                throw new NotSupportedException(
                    $"At timestep {t} a prediction of {process.PredictionType} does not determine the sample, which has no signal.");
            }

            double toMean = schedule.PosteriorMean(t).Clean * clean.Prediction;
            Constants += 0.5 * (logModel - logTrue + Math.Exp(logTrue - logModel) - 1);
            _weights[t] = 0.5 * toMean * toMean * Math.Exp(-logModel) * _unit[t];
        }
    }

    /// <summary>Σ c_t, nats.</summary>
    public double Constants { get; }

    /// <summary>Logarithm of the model's variance at a timestep.</summary>
    public static double LogVariance(NoiseSchedule schedule, int t, ReverseVariance variance) =>
        variance == ReverseVariance.Beta ? Math.Log(schedule.Betas[t]) : schedule.PosteriorLogVariance(t);

    /// <summary>Draws the timestep at which an image is evaluated for a stratum, with <see cref="Probability"/>.</summary>
    public int Draw(Strata.Stratum stratum, ulong seed, int image)
    {
        // 53 bits, as many as a double holds.
        double left = (SeedSequence.ForStep(SeedSequence.ForStep(~seed, stratum.Low), image) >> 11) * Math.Pow(2, -53) * Sum(stratum);
        for (int t = stratum.Low; t < stratum.High - 1; t++)
        {
            left -= _weights[t];
            if (left < 0) return t;
        }

        return stratum.High - 1;
    }

    /// <summary>Probability with which a timestep is drawn in its stratum.</summary>
    public double Probability(Strata.Stratum stratum, int t) => _weights[t] / Sum(stratum);

    /// <summary>The stratum's term of the sum, from the error at the drawn timestep; nats.</summary>
    public double Contribution(Strata.Stratum stratum, int t, double error) => Sum(stratum) * error / _unit[t];

    private double Sum(Strata.Stratum stratum) => _weights.AsSpan(stratum.Low, stratum.Width).ToArray().Sum();
}
