namespace LatentDiffusion.Schedulers;

/// <summary>
/// A run of an exponential integrator: it converts each model output to x_0 or ε, remembers the last few, and steps by a
/// weighted sum of them.
/// </summary>
/// <param name="plan">Timesteps and noise levels of the evaluations.</param>
/// <param name="noise">Source of noise; null for samplers that draw none.</param>
/// <param name="levels">α and σ of each level of the plan.</param>
/// <param name="memory">How many outputs are remembered.</param>
internal abstract class SolverRun(SamplingPlan plan, INoiseSource? noise, NoiseLevel[] levels, int memory)
    : SchedulerRun(plan, noise)
{
    /// <summary>Converted outputs, the latest first.</summary>
    protected TensorHistory Outputs { get; } = new(memory);

    protected override NoiseLevel NoisyLevel => levels[StepIndex];

    /// <summary>The level of the evaluation <paramref name="back"/> ago; −1 for where this step leads.</summary>
    protected NoiseLevel Level(int back) => levels[StepIndex - back];

    /// <summary>
    /// How many evaluations, the latest included, have levels that differ from one another: a spacing of nearly as many
    /// steps as there are training timesteps may name a level twice, and a difference quotient over it has no meaning.
    /// </summary>
    protected int DistinctOutputs
    {
        get
        {
            int count = 1;
            while (count < Outputs.Count && Level(count).Level != Level(count - 1).Level) count++;
            return count;
        }
    }

    protected override void Forget() => Outputs.Clear();
}
