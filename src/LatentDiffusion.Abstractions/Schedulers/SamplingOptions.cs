namespace LatentDiffusion.Schedulers;

/// <summary>The settings of one run of a scheduler. A scheduler rejects options that it cannot use.</summary>
public sealed record SamplingOptions
{
    /// <summary>Number of sampling steps, at least 1. Ignored if <see cref="Timesteps"/> or <see cref="Sigmas"/> are given.</summary>
    public int Steps { get; init; } = 50;

    /// <summary>Custom timesteps, descending in [0, T); null lets the scheduler space <see cref="Steps"/> of them.</summary>
    public IReadOnlyList<double>? Timesteps { get; init; }

    /// <summary>Custom noise levels, descending, without the final zero; null for the scheduler's.</summary>
    public IReadOnlyList<double>? Sigmas { get; init; }

    /// <summary>
    /// How many steps are left out at the beginning, for runs that begin within the schedule (image to image). At least 0,
    /// default 0, and less than the number of steps.
    /// </summary>
    public int BeginStep { get; init; }

    /// <summary>
    /// Stochasticity in [0, 1]: DDIM's η (Song et al. 2021, equation 16) and TCD's γ. Null for the algorithm's default (0 and 0.3).
    /// </summary>
    public double? Eta { get; init; }

    /// <summary>Churn of the Euler samplers and of Heun's for flows (Karras et al. 2022, algorithm 2). Null for none.</summary>
    public ChurnOptions? Churn { get; init; }

    /// <summary>
    /// The μ of dynamic shifting (flow matching): the noise levels are shifted by e^μ, or by μ itself with a linear
    /// <c>time_shift_type</c>. Null, the default, computes it from the size of the latents. Refused by schedulers that do not
    /// shift dynamically.
    /// </summary>
    public double? Mu { get; init; }

    /// <summary>
    /// Whether a model output that is not finite ends the run with an exception naming the step. Default false: the check
    /// costs a pass over the data.
    /// </summary>
    public bool CheckFinite { get; init; }
}
