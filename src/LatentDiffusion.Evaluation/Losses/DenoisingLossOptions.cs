using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace LatentDiffusion.Evaluation;

/// <summary>Options of <see cref="DenoisingLoss"/>.</summary>
public sealed record DenoisingLossOptions
{
    /// <summary>Seed of noise and timesteps. Default 0.</summary>
    public ulong Seed { get; init; }

    /// <summary>Number of timestep buckets of about equal width, from 1 to 1000. Default 10.</summary>
    [Range(1, 1000)]
    public int Buckets { get; init; } = 10;

    /// <summary>Timesteps per bucket at which each image is measured, from 1 to 1000. Default 4.</summary>
    [Range(1, 1000)]
    public int TimestepsPerBucket { get; init; } = 4;

    /// <summary>Images per evaluation of the network, from 1 to 65536; changes results only by rounding. Default 4.</summary>
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
