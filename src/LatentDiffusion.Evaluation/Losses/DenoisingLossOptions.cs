using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Evaluation;

/// <summary>How the test-set denoising loss is measured.</summary>
public sealed record DenoisingLossOptions
{
    /// <summary>Noise and timesteps follow from it. Default 0.</summary>
    public ulong Seed { get; init; }

    /// <summary>Number of buckets of timesteps of about equal width, at least 1. Default 10.</summary>
    [Range(1, 1000)]
    public int Buckets { get; init; } = 10;

    /// <summary>Timesteps that each picture is measured at in each bucket, at least 1. Default 4.</summary>
    [Range(1, 1000)]
    public int TimestepsPerBucket { get; init; } = 4;

    /// <summary>Pictures that go through the network at once, at least 1; changes nothing but rounding. Default 4.</summary>
    [Range(1, 65536)]
    public int BatchSize { get; init; } = 4;

    /// <summary>Share of confidence intervals that hold the true value, in (0, 1). Default 0.95.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true, MaximumIsExclusive = true)]
    public double Confidence { get; init; } = 0.95;
}
