using static TorchSharp.torch;

namespace LatentDiffusion.Schedulers;

/// <summary>
/// Euler's method on the straight paths of flow matching (Lipman et al. 2023; Liu et al. 2023), with the
/// resolution-dependent shift of Esser et al. 2024. First order, one evaluation a step; deterministic, or with
/// <c>stochastic_sampling</c> fresh noise at each step. Published class <c>FlowMatchEulerDiscreteScheduler</c>.
/// </summary>
public sealed class FlowMatchEulerScheduler : NoiseScheduler
{
    /// <summary>The published name of this class.</summary>
    public const string ClassName = "FlowMatchEulerDiscreteScheduler";

    private readonly FlowGrid _grid;
    private readonly bool _stochastic;

    /// <summary>Creates the scheduler.</summary>
    /// <param name="config">Options; null for the published defaults.</param>
    /// <exception cref="ArgumentException">An option is unknown or not valid; the message names it.</exception>
    public FlowMatchEulerScheduler(SchedulerConfig? config = null)
    {
        OptionReader options = new(ClassName, config);
        PredictionType = PredictionType.Flow;
        _grid = FlowGrid.Read(options);
        (TrainingTimesteps, DynamicShift) = (_grid.TrainingTimesteps, _grid.DynamicShift);
        _stochastic = options.Bool("stochastic_sampling", false);
        Complete(options);
    }

    private protected override SamplingFeatures Features => SamplingFeatures.Timesteps | SamplingFeatures.Sigmas;

    private protected override bool DrawsNoise(SamplingPlan plan) => _stochastic;

    private protected override SamplingGrid MakeGrid(SamplingOptions options) => _grid.Make(options);

    private protected override ISchedulerRun CreateRun(SamplingPlan plan, INoiseSource? noise) => new Run(plan, noise, _stochastic);

    private sealed class Run(SamplingPlan plan, INoiseSource? noise, bool stochastic) : SchedulerRun(plan, noise)
    {
        protected override NoiseLevel NoisyLevel => NoiseLevel.Flow(Sigmas[StepIndex]);

        protected override Tensor Advance(Tensor output, Tensor sample)
        {
            double sigma = Sigmas[StepIndex], next = Sigmas[StepIndex + 1];
            return stochastic
                ? LinearCombination.Compute((1 - next, sample), (-(1 - next) * sigma, output), (next, NextNoise(sample)))
                : LinearCombination.Compute((1, sample), (next - sigma, output));
        }
    }
}
