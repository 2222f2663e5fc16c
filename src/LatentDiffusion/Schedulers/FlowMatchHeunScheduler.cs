using static TorchSharp.torch;

namespace LatentDiffusion.Schedulers;

/// <summary>
/// Heun's method on the straight paths of flow matching (Lipman et al. 2023). Second order, two evaluations a step and one
/// in the last; deterministic without <see cref="SamplingOptions.Churn"/>. Published class
/// <c>FlowMatchHeunDiscreteScheduler</c>.
/// </summary>
public sealed class FlowMatchHeunScheduler : NoiseScheduler
{
    /// <summary>The published name of this class.</summary>
    public const string ClassName = "FlowMatchHeunDiscreteScheduler";

    private readonly FlowGrid _grid;

    /// <summary>Creates the scheduler.</summary>
    /// <param name="config">Options; null for the published defaults.</param>
    /// <exception cref="ArgumentException">An option is unknown or not valid; the message names it.</exception>
    public FlowMatchHeunScheduler(SchedulerConfig? config = null)
    {
        OptionReader options = new(ClassName, config);
        PredictionType = PredictionType.Flow;
        TrainingTimesteps = options.Int("num_train_timesteps", 1000, max: ScheduleOptions.MostTimesteps);
        _grid = new FlowGrid(TrainingTimesteps, options.Double("shift", 1));
        EvaluationsPerStep = 2;
        Complete(options);
    }

    private protected override SamplingFeatures Features =>
        SamplingFeatures.Timesteps | SamplingFeatures.Sigmas | SamplingFeatures.Churn;

    private protected override bool DrawsNoise(SamplingPlan plan) => plan.Options.Churn?.Churn > 0;

    private protected override SamplingGrid MakeGrid(SamplingOptions options) => TwoStageGrid.Repeat(_grid.Make(options));

    private protected override ISchedulerRun CreateRun(SamplingPlan plan, INoiseSource? noise) => new Run(plan, noise);

    private sealed class Run(SamplingPlan plan, INoiseSource? noise) : SchedulerRun(plan, noise)
    {
        private readonly ChurnOptions? _churn = plan.Options.Churn;
        private readonly TensorHistory _start = new(1);
        private readonly TensorHistory _slope = new(1);
        private double _interval;

        protected override NoiseLevel NoisyLevel => NoiseLevel.Flow(Sigmas[StepIndex]);

        protected override Tensor Advance(Tensor output, Tensor sample)
        {
            bool second = _slope.Count > 0;
            double sigma = Sigmas[second ? StepIndex - 1 : StepIndex], next = Sigmas[second ? StepIndex : StepIndex + 1];
            double raised = Churn.Raise(_churn, sigma, Sigmas.Count - 1);
            if (raised > sigma) sample = Churn.Add(_churn!, sample, NextNoise(sample), sigma, raised);
            if (second)
            {
                Tensor corrected = LinearCombination.Compute((1, _start[0]), (_interval / 2, _slope[0]), (_interval / 2, output));
                Forget();
                return corrected;
            }

            // The published slope is (x − x_0)/σ̂, with x_0 at the level before noise was added.
            Tensor slope = output.Multiply(sigma / raised);
            _interval = next - raised;
            Tensor result = LinearCombination.Compute((1, sample), (_interval, slope));
            if (StepIndex + 1 < Timesteps.Count)
            {
                _start.Add(sample.clone());
                _slope.Add(slope);
            }

            return result;
        }

        protected override void Forget()
        {
            _start.Clear();
            _slope.Clear();
        }
    }
}
