namespace LatentDiffusion.Schedulers;

/// <summary>
/// Pseudo numerical methods on manifolds (Liu et al. 2022, algorithm 2): a pseudo linear multistep method of up to
/// fourth order, started by pseudo Runge-Kutta steps of four evaluations or, with <c>skip_prk_steps</c>, by evaluating
/// the first step twice. Deterministic. Published class <c>PNDMScheduler</c>.
/// </summary>
public sealed partial class PndmScheduler : NoiseScheduler
{
    /// <summary>The published name of this class.</summary>
    public const string ClassName = "PNDMScheduler";

    private const int RungeKuttaSteps = 3;

    private readonly TimestepSpacing _spacing;
    private readonly double _finalAlphaBar;
    private readonly bool _skipRungeKutta;

    /// <summary>Creates the scheduler.</summary>
    /// <param name="config">Options, possibly of another class's configuration; null for the published defaults.</param>
    /// <exception cref="ArgumentException">An option is unknown or not valid; the message names it.</exception>
    public PndmScheduler(SchedulerConfig? config = null)
    {
        OptionReader options = new(ClassName, config);
        Schedule = ScheduleOptions.ReadSchedule(options);
        TrainingTimesteps = Schedule.Timesteps;
        _skipRungeKutta = options.Bool("skip_prk_steps", false);
        _finalAlphaBar = options.Bool("set_alpha_to_one", false) ? 1 : Schedule.AlphasCumprod[0];
        PredictionType = options.Prediction("epsilon", "v_prediction");
        _spacing = SpacingOptions.Read(options, TrainingTimesteps, TimestepSpacing.Leading);
        Complete(options);
    }

    private protected override SamplingFeatures Features => SamplingFeatures.AtMostAllSteps;

    private protected override SamplingGrid MakeGrid(SamplingOptions options)
    {
        double[] steps = _spacing.Integers(options.Steps);
        double[] evaluations = _skipRungeKutta
            ? WithFirstTwice(steps, options.BeginStep)
            : WithRungeKutta(steps, TrainingTimesteps / options.Steps, options.BeginStep);
        return SamplingGrid.Discrete(evaluations, Schedule!, _finalAlphaBar);
    }

    private protected override ISchedulerRun CreateRun(SamplingPlan plan, INoiseSource? noise) => new Run(this, plan, noise);

    /// <summary>The step after the first evaluation is evaluated twice, wherever the run begins.</summary>
    private static double[] WithFirstTwice(double[] steps, int begin) =>
        begin + 1 < steps.Length ? [.. steps[..(begin + 2)], .. steps[(begin + 1)..]] : steps;

    /// <summary>Three steps of four evaluations each: at the start, twice in the middle and at the end.</summary>
    private double[] WithRungeKutta(double[] steps, int stride, int begin)
    {
        Refuse(
            steps.Length <= RungeKuttaSteps,
            $"Steps is at least {RungeKuttaSteps + 1} with Runge-Kutta steps, not {steps.Length}; set skip_prk_steps");
        Refuse(begin > 0, "BeginStep is 0 with Runge-Kutta steps; set skip_prk_steps");
        int half = stride / 2;
        IEnumerable<double> start = Enumerable.Range(0, RungeKuttaSteps).SelectMany(i => (double[])
            [steps[i], steps[i + 1] + half, steps[i + 1] + half, steps[i + 1]]);
        return [.. start, .. steps[RungeKuttaSteps..]];
    }
}
