namespace LatentDiffusion.Training;

/// <summary>
/// The weights of the variational bound (Ho et al. 2020, equation 12), under which each timestep's loss is the
/// Kullback-Leibler divergence of the posterior q(x_{t−1}|x_t, x_0) from the model's Gaussian of the same variance, in
/// nats a latent value; at the first timestep, where the posterior has no variance, it takes β. T times the mean loss
/// is then the bound without its constant terms. JSON kind <c>variational</c>.
/// </summary>
public sealed record VariationalWeighting : LossWeighting
{
    /// <inheritdoc />
    public override double At(NoiseSchedule schedule, PredictionType prediction, int t)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        if (prediction == PredictionType.Epsilon) return schedule.VariationalWeight(t);

        // From the posterior mean's coefficient of x_0, which is finite also where ε says nothing of it (zero terminal SNR).
        double clean = schedule.PosteriorMean(t).Clean, variance = t == 0 ? schedule.Betas[0] : schedule.PosteriorVariance(t);
        double ofSample = clean * clean / (2 * variance);
        return prediction switch
        {
            PredictionType.Sample => ofSample,
            PredictionType.Velocity => ofSample * (1 - schedule.AlphasCumprod[t]),
            _ => FromNoise(0, schedule, prediction, t),
        };
    }
}
