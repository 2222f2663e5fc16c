using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion;

/// <summary>How a training run goes.</summary>
public sealed record TrainingOptions
{
    /// <summary>Number of optimizer steps of the whole run, at least 1. Default 1000.</summary>
    [Range(1, long.MaxValue)]
    public long Steps { get; init; } = 1000;

    /// <summary>Everything random follows from it, and from the step's number. Default 0.</summary>
    public ulong Seed { get; init; }

    /// <summary>The optimizer's settings.</summary>
    public OptimizerOptions Optimizer { get; init; } = new();

    /// <summary>Decay of the weights' running average, in [0, 1). Default 0.999.</summary>
    [Range(0.0, 1.0, MaximumIsExclusive = true)]
    public double EmaDecay { get; init; } = 0.999;

    /// <summary>What numbers the networks compute with. Default <see cref="TrainingPrecision.Float32"/>.</summary>
    public TrainingPrecision Precision { get; init; }

    /// <summary>Steps between checkpoints, at least 1. Default 250.</summary>
    [Range(1, long.MaxValue)]
    public long CheckpointEvery { get; init; } = 250;

    /// <summary>How many checkpoints are kept, at least 1. Default 2.</summary>
    [Range(1, int.MaxValue)]
    public int CheckpointsKept { get; init; } = 2;
}
