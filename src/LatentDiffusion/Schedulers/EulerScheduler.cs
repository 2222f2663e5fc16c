using static TorchSharp.torch;

namespace LatentDiffusion.Schedulers;

/// <summary>
/// Euler's method on the probability flow in σ (Karras et al. 2022, algorithm 1 without its correction; with
/// <see cref="SamplingOptions.Churn"/>, algorithm 2). First order, one evaluation a step, deterministic without churn.
/// Published class <c>EulerDiscreteScheduler</c>.
/// </summary>
public sealed class EulerScheduler : NoiseScheduler
{
    /// <summary>The published name of this class.</summary>
    public const string ClassName = "EulerDiscreteScheduler";

    private readonly SigmaGrid _grid;
    private readonly SigmaRule _rule;
    private readonly bool _continuous;

    /// <summary>Creates the scheduler.</summary>
    /// <param name="config">Options, possibly of another class's configuration; null for the published defaults.</param>
    /// <exception cref="ArgumentException">An option is unknown or not valid; the message names it.</exception>
    public EulerScheduler(SchedulerConfig? config = null)
    {
        OptionReader options = new(ClassName, config);
        Schedule = ScheduleOptions.ReadSchedule(options, rescale: true, finite: true);
        TrainingTimesteps = Schedule.Timesteps;
        PredictionType = options.Prediction("epsilon", "sample", "v_prediction");
        bool logLinear = options.Choice("interpolation_type", "linear", ["linear", "log_linear"]) == "log_linear";
        _rule = SigmaOptions.ReadRule(options);
        double? min = options.NullableDouble("sigma_min"), max = options.NullableDouble("sigma_max");
        TimestepSpacing spacing = SpacingOptions.Read(options, TrainingTimesteps);
        _continuous = options.Choice("timestep_type", "discrete", ["discrete", "continuous"]) == "continuous"
            && PredictionType == PredictionType.Velocity;
        _grid = new SigmaGrid(new TrainingSigmas(Schedule), spacing, _rule)
        {
            Min = min,
            Max = max,
            LogLinear = logLinear,
            EndsAtMin = SigmaOptions.ReadEndsAtMin(options),
        };
        Complete(options);
    }

    private protected override SamplingFeatures Features =>
        SamplingFeatures.Timesteps | SamplingFeatures.Sigmas | SamplingFeatures.Churn;

    private protected override bool DrawsNoise(SamplingPlan plan) => plan.Options.Churn?.Churn > 0;

    private protected override SamplingGrid MakeGrid(SamplingOptions options)
    {
        Refuse(_continuous && options.Timesteps is not null, "Timesteps cannot be given with timestep_type 'continuous'; give Sigmas");
        SamplingGrid grid = _grid.Make(options);
        return _continuous ? grid with { Timesteps = Grids.ToSingle(grid.Sigmas[..^1].Select(s => 0.25 * Math.Log(s))) } : grid;
    }

    private protected override ISchedulerRun CreateRun(SamplingPlan plan, INoiseSource? noise) => new Run(plan, noise, Process);

    private sealed class Run(SamplingPlan plan, INoiseSource? noise, DiffusionProcess process) : SigmaRun(plan, noise, process)
    {
        private readonly ChurnOptions? _churn = plan.Options.Churn;

        protected override Tensor Advance(Tensor output, Tensor sample)
        {
            double sigma = Sigmas[StepIndex], next = Sigmas[StepIndex + 1];
            double raised = Churn.Raise(_churn, sigma, Sigmas.Count - 1);
            if (raised > sigma) sample = Churn.Add(_churn!, sample, NextNoise(sample), sigma, raised);

            // As published: only ε is read at the raised level.
            Tensor clean = Clean(output, sample, Process.PredictionType == PredictionType.Epsilon ? raised : sigma);
            return LinearCombination.Compute((1, sample), (next - raised, Slope(sample, clean, raised)));
        }
    }
}
