using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Evaluation;

/// <summary>How the variational bound is estimated.</summary>
public sealed record VariationalBoundOptions
{
    /// <summary>Noise and timesteps follow from it. Default 0.</summary>
    public ulong Seed { get; init; }

    /// <summary>
    /// How many timesteps after the first each picture is evaluated at, one drawn of each of as many strata; as many as the
    /// schedule has, or more, for all. Strata are narrower where the signal is strong and terms change fast. At least 1,
    /// default 32.
    /// </summary>
    [Range(1, 100_000)]
    public int Timesteps { get; init; } = 32;

    /// <summary>
    /// The reverse process' variance; null, the default, for what the network learned, and where it learned none for that of
    /// <see cref="ReverseVariance.Posterior"/> and <see cref="ReverseVariance.Beta"/> which gives the lower bound.
    /// </summary>
    public ReverseVariance? Variance { get; init; }

    /// <summary>What the last step is measured as. Default <see cref="DataLikelihood.Density"/>.</summary>
    public DataLikelihood Likelihood { get; init; }

    /// <summary>Most pictures that go through the network at once, at least 1: those drawn at the same timestep. Changes nothing but rounding. Default 4.</summary>
    [Range(1, 65536)]
    public int BatchSize { get; init; } = 4;

    /// <summary>Share of confidence intervals that hold the true value, in (0, 1). Default 0.95.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true, MaximumIsExclusive = true)]
    public double Confidence { get; init; } = 0.95;
}
