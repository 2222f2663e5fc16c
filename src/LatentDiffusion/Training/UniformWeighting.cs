namespace LatentDiffusion.Training;

/// <summary>Every timestep counts the same: the simple loss (Ho et al. 2020, equation 14). JSON kind <c>uniform</c>.</summary>
public sealed record UniformWeighting : LossWeighting
{
    /// <inheritdoc />
    public override double At(NoiseSchedule schedule, PredictionType prediction, int t) => 1;
}
