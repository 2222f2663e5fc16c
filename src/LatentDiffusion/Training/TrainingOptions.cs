using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Training;

/// <summary>How a training run goes.</summary>
public sealed record TrainingOptions
{
    /// <summary>Number of optimizer steps of the whole run, at least 1. Default 1000.</summary>
    [Range(1, long.MaxValue)]
    public long Steps { get; init; } = 1000;

    /// <summary>Everything random follows from it, and from the step's number; so does the order of the items. Default 0.</summary>
    public ulong Seed { get; init; }

    /// <summary>The optimizer's settings.</summary>
    public OptimizerOptions Optimizer { get; init; } = new();

    /// <summary>Decay of the weights' running average, in [0, 1); 0 keeps none, which saves a copy of the weights. Default 0.999.</summary>
    [Range(0.0, 1.0, MaximumIsExclusive = true)]
    public double EmaDecay { get; init; } = 0.999;

    /// <summary>
    /// Whether the decay of the average begins as (1 + n)/(10 + n) after n steps, so that it forgets the random start;
    /// false for <see cref="EmaDecay"/> from the first step, as for fine-tuning. Default true.
    /// </summary>
    public bool EmaWarmup { get; init; } = true;

    /// <summary>
    /// Batches whose gradients are averaged for one step of the optimizer, at least 1: n batches of size b train as one
    /// of n·b, in the memory of b. Several processes (<see cref="Trainer.Reducer"/>) divide them, so there are at least as many
    /// batches as processes. Default 1.
    /// </summary>
    [Range(1, 65536)]
    public int GradientAccumulation { get; init; } = 1;

    /// <summary>
    /// What numbers the networks compute with; under LoRA the frozen ones too, whose float32 values are kept and come back after
    /// the run. Default <see cref="TrainingPrecision.Float32"/>.
    /// </summary>
    public TrainingPrecision Precision { get; init; }

    /// <summary>
    /// Whether an item whose loss or gradients are not finite is left out for the rest of the run, another item in its place;
    /// where not, the run ends with a <see cref="TrainingDivergedException"/>. What is left out is logged, held in the checkpoints
    /// and named in <c>left-out.json</c> of the run's folder. For the library's objectives only. Default false.
    /// </summary>
    public bool LeaveOutNonFinite { get; init; }

    /// <summary>Steps between checkpoints, at least 1. Default 250.</summary>
    [Range(1, long.MaxValue)]
    public long CheckpointEvery { get; init; } = 250;

    /// <summary>How many checkpoints are kept, at least 1. Default 2.</summary>
    [Range(1, int.MaxValue)]
    public int CheckpointsKept { get; init; } = 2;
}
