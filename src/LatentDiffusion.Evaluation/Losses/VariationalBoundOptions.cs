using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace LatentDiffusion.Evaluation;

/// <summary>Options of <see cref="VariationalBound"/>.</summary>
public sealed record VariationalBoundOptions
{
    /// <summary>Seed of noise and timesteps. Default 0.</summary>
    public ulong Seed { get; init; }

    /// <summary>
    /// Timesteps after the first at which each image is evaluated, from 1 to 100,000: one drawn from each of as many strata, or
    /// all if the schedule does not have more. Strata are narrower where the signal is strong and terms change fast. Default 32.
    /// </summary>
    [Range(1, 100_000)]
    public int Timesteps { get; init; } = 32;

    /// <summary>
    /// The reverse process' variance. Null, the default, takes the learned variance; without one, <see cref="ReverseVariance.Posterior"/>
    /// or <see cref="ReverseVariance.Beta"/>, whichever gives the lower bound.
    /// </summary>
    public ReverseVariance? Variance { get; init; }

    /// <summary>How the last step is measured. Default <see cref="DataLikelihood.Density"/>.</summary>
    public DataLikelihood Likelihood { get; init; }

    /// <summary>
    /// Maximum images per evaluation of the network, from 1 to 65536; only images with the same timestep share one. Changes results
    /// only by rounding. Default 4.
    /// </summary>
    [Range(1, 65536)]
    public int BatchSize { get; init; } = 4;

    /// <summary>Fraction of confidence intervals that contain the true value, in (0, 1). Default 0.95.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true, MaximumIsExclusive = true)]
    public double Confidence { get; init; } = 0.95;

    /// <summary>
    /// Processes that measure together, each a part of the evaluations: all of them measure the same, and all receive the result. Null, the
    /// default, for one process.
    /// </summary>
    [JsonIgnore]
    public IProcessGroup? Processes { get; init; }
}
