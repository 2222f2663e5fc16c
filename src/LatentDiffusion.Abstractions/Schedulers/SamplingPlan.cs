namespace LatentDiffusion.Schedulers;

/// <summary>
/// One run of a scheduler as data: where it evaluates the denoiser, and at which noise levels. Immutable. A run needs only
/// the plan and a source of noise (<see cref="INoiseScheduler.Start"/>).
/// </summary>
public sealed class SamplingPlan
{
    /// <summary>Creates a plan.</summary>
    /// <param name="options">The options that the plan follows from.</param>
    /// <param name="timesteps">The timestep of each evaluation, in order; at least one.</param>
    /// <param name="sigmas">The noise level of each evaluation, and last the level where the run ends.</param>
    /// <param name="evaluationsPerStep">How many evaluations a step takes, at least 1.</param>
    /// <exception cref="ArgumentException">The numbers do not fit together; the message names them.</exception>
    public SamplingPlan(SamplingOptions options, IEnumerable<double> timesteps, IEnumerable<double> sigmas, int evaluationsPerStep = 1)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(evaluationsPerStep, 1);
        (Options, EvaluationsPerStep) = (options, evaluationsPerStep);
        Timesteps = Array.AsReadOnly([.. timesteps]);
        Sigmas = Array.AsReadOnly([.. sigmas]);
        if (Sigmas.Count != Timesteps.Count + 1)
        {
            throw new ArgumentException(
                $"A plan has one noise level more than timesteps, not {Sigmas.Count} and {Timesteps.Count}.", nameof(sigmas));
        }

        if (BeginIndex < 0 || BeginIndex >= Timesteps.Count)
        {
            int last = (Timesteps.Count - 1) / evaluationsPerStep;
            throw new ArgumentOutOfRangeException(
                nameof(options), options.BeginStep, $"BeginStep of a run with {Timesteps.Count} evaluations is from 0 to {last}.");
        }
    }

    /// <summary>The options of the run, completed by the scheduler (<see cref="SamplingOptions.Mu"/>).</summary>
    public SamplingOptions Options { get; }

    /// <summary>The timestep of each evaluation of the denoiser, in order. Methods with inner stages list each evaluation.</summary>
    public IReadOnlyList<double> Timesteps { get; }

    /// <summary>
    /// The noise level of the sample at each evaluation, and one more: the level where the run ends. The ratio σ/α of noise to
    /// signal; for flows the fraction of noise.
    /// </summary>
    public IReadOnlyList<double> Sigmas { get; }

    /// <summary>
    /// The standard deviation of the noise that a run starts from: 1 for variance-preserving schedules and flows, about σ_max
    /// where noise is added without scaling the signal. Default 1.
    /// </summary>
    public double InitialNoiseSigma { get; init; } = 1;

    /// <summary>How many evaluations of the denoiser a step takes, published as <c>order</c>.</summary>
    public int EvaluationsPerStep { get; }

    /// <summary>Index into <see cref="Timesteps"/> of the first evaluation: 0 unless the run begins within the schedule.</summary>
    public int BeginIndex => Options.BeginStep * EvaluationsPerStep;

    /// <summary>Number of evaluations that the run makes.</summary>
    public int Evaluations => Timesteps.Count - BeginIndex;
}
