using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Training;

/// <summary>Options of <see cref="ConsistencyObjective"/>.</summary>
public sealed record ConsistencyTrainingOptions : IValidatableObject
{
    /// <summary>Images a step, at least 1. Default 16.</summary>
    [Range(1, 65536)]
    public int BatchSize { get; init; } = 16;

    /// <summary>
    /// Points N on the teacher's trajectory, k−1, 2k−1, …, T−1 with k = T/N, between which the student is made consistent;
    /// a divisor of T. With fewer there are fewer links from noise to image, and less training is needed; each is a longer
    /// step of the teacher. The published models have 50. Default 50.
    /// </summary>
    [Range(1, 1000)]
    public int SolverSteps { get; init; } = 50;

    /// <summary>
    /// Evaluations of the guided teacher in which it goes from one point to the one before, at least 1; a divisor of k. Each
    /// is a step of DDIM (Song et al. 2021, equation 12). Default 1.
    /// </summary>
    [Range(1, 1000)]
    public int SolverEvaluations { get; init; } = 1;

    /// <summary>
    /// Into how many parts of equal length the trajectory is divided, each with its own end; a divisor of
    /// <see cref="SolverSteps"/>. With 1, the default, all ends in the image, as in latent consistency models (Luo et al.
    /// 2023): the student is sampled in any small number of steps that add new noise in between. With M the student learns
    /// M shorter jumps (Heek et al. 2024, "Multistep Consistency Models"; Wang et al. 2024, "Phased Consistency Models"):
    /// it is sampled with DDIM in M steps, without new noise, and needs less training.
    /// </summary>
    [Range(1, 64)]
    public int Phases { get; init; } = 1;

    /// <summary>
    /// The smallest guidance scale that the student learns, at least 0; 1 turns guidance off. Scales are drawn uniformly for each
    /// sample (Luo et al. 2023, algorithm 1, whose ω is scale − 1). Default 3.
    /// </summary>
    [Range(0.0, 100.0)]
    public double GuidanceMinimum { get; init; } = 3;

    /// <summary>The largest, at least <see cref="GuidanceMinimum"/>. Default 15.</summary>
    [Range(0.0, 100.0)]
    public double GuidanceMaximum { get; init; } = 15;

    /// <summary>Where the teacher is guided, as in <see cref="IntervalGuidance"/>. Default everywhere.</summary>
    public GuidanceIntervalOptions GuidanceInterval { get; init; } = new();

    /// <summary>
    /// Decay μ of the target network, the running average of the student that the student is held against, in [0, 1). With 0
    /// it is the student itself, and no further network is in memory. Default 0.95, the paper's.
    /// </summary>
    [Range(0.0, 1.0, MaximumIsExclusive = true)]
    public double TargetDecay { get; init; } = 0.95;

    /// <summary>
    /// δ of the pseudo-Huber distance √(e² + δ²) − δ (Song &amp; Dhariwal 2024, "Improved Techniques for Training
    /// Consistency Models", equation 7, here of each value), above 0; null for e². Default 0.001, as published for latent
    /// consistency models.
    /// </summary>
    [Range(0.0, double.MaxValue, MinimumIsExclusive = true)]
    public double? HuberDelta { get; init; } = 0.001;

    /// <summary>
    /// Factor of timesteps in the boundary condition c_skip(t)·x + c_out(t)·x̂_0 of a single phase, above 0; the
    /// student's scheduler uses the same. Default 10, as published.
    /// </summary>
    [Range(0.0, double.MaxValue, MinimumIsExclusive = true)]
    public double TimestepScaling { get; init; } = 10;

    /// <summary>Checks that there are scales to draw from, and that phases are of equal length.</summary>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (GuidanceMaximum < GuidanceMinimum)
            yield return new(
                $"GuidanceMaximum is {GuidanceMaximum}; it must be at least GuidanceMinimum, {GuidanceMinimum}.",
                [nameof(GuidanceMaximum)]);
        if (SolverSteps % Phases != 0)
            yield return new($"Phases is {Phases}; it must divide SolverSteps, {SolverSteps}.", [nameof(Phases)]);
    }
}
