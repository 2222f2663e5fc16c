using static TorchSharp.torch;

namespace LatentDiffusion.Schedulers;

/// <summary>
/// Heun's method on the probability flow in σ (Karras et al. 2022, algorithm 1): an Euler step, and its correction by
/// the slope at its end. Second order, two evaluations a step and one in the last; deterministic. Published class
/// <c>HeunDiscreteScheduler</c>.
/// </summary>
public sealed class HeunScheduler : NoiseScheduler
{
    /// <summary>The published name of this class.</summary>
    public const string ClassName = "HeunDiscreteScheduler";

    private readonly SigmaGrid _grid;
    private readonly SampleBounds _bounds;

    /// <summary>Creates the scheduler.</summary>
    /// <param name="config">Options, possibly of another class's configuration; null for the published defaults.</param>
    /// <exception cref="ArgumentException">An option is unknown or not valid; the message names it.</exception>
    public HeunScheduler(SchedulerConfig? config = null)
    {
        OptionReader options = new(ClassName, config);
        Schedule = ScheduleOptions.ReadSchedule(options, 0.00085, 0.012, moreSchedules: "exp");
        TrainingTimesteps = Schedule.Timesteps;
        PredictionType = options.Prediction("epsilon", "sample", "v_prediction");
        SigmaRule rule = SigmaOptions.ReadRule(options);
        _bounds = SampleBounds.Read(options, thresholding: false, clipByDefault: false);
        _grid = new SigmaGrid(new TrainingSigmas(Schedule), SpacingOptions.Read(options, TrainingTimesteps), rule);
        EvaluationsPerStep = 2;
        Complete(options);
    }

    private protected override SamplingFeatures Features => SamplingFeatures.Timesteps | SamplingFeatures.Sigmas;

    private protected override SamplingGrid MakeGrid(SamplingOptions options) => TwoStageGrid.Repeat(_grid.Make(options));

    private protected override ISchedulerRun CreateRun(SamplingPlan plan, INoiseSource? noise) =>
        new Run(plan, noise, Process, _bounds);

    private sealed class Run(SamplingPlan plan, INoiseSource? noise, DiffusionProcess process, SampleBounds bounds)
        : SigmaRun(plan, noise, process)
    {
        private readonly TensorHistory _start = new(1);
        private readonly TensorHistory _slope = new(1);

        protected override Tensor Advance(Tensor output, Tensor sample)
        {
            double sigma = Sigmas[StepIndex];
            Tensor slope = Slope(sample, bounds.Apply(Clean(output, sample, sigma)), sigma);
            if (_slope.Count > 0)
            {
                double half = (sigma - Sigmas[StepIndex - 1]) / 2;
                Tensor corrected = LinearCombination.Compute((1, _start[0]), (half, _slope[0]), (half, slope));
                Forget();
                return corrected;
            }

            Tensor next = LinearCombination.Compute((1, sample), (Sigmas[StepIndex + 1] - sigma, slope));
            if (StepIndex + 1 < Timesteps.Count)
            {
                _start.Add(sample.clone());
                _slope.Add(slope);
            }

            return next;
        }

        protected override void Forget()
        {
            _start.Clear();
            _slope.Clear();
        }
    }
}
