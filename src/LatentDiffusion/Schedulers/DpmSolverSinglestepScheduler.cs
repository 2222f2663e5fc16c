namespace LatentDiffusion.Schedulers;

/// <summary>
/// Singlestep DPM-Solver and DPM-Solver++ (Lu et al. 2022a, algorithms 1 and 2; 2022b, algorithm 1), of order 1 to 3
/// (order 2 is known as DPM++ 2S): groups of as many evaluations as the order, each begun afresh. The SDE form is
/// stochastic. Published class <c>DPMSolverSinglestepScheduler</c>.
/// </summary>
public sealed partial class DpmSolverSinglestepScheduler : NoiseScheduler
{
    /// <summary>The published name of this class.</summary>
    public const string ClassName = "DPMSolverSinglestepScheduler";

    private readonly SolverGrid _grid;
    private readonly DpmSolverOptions _solver;
    private readonly OutputConversion _conversion;
    private readonly FlowOptions _flow;
    private readonly bool _lowerOrderFinal;
    private readonly bool _endsAtMin;
    private readonly bool _learnedVariance;

    /// <summary>Creates the scheduler.</summary>
    /// <param name="config">Options, possibly of another class's configuration; null for the published defaults.</param>
    /// <exception cref="ArgumentException">An option is unknown or not valid; the message names it.</exception>
    public DpmSolverSinglestepScheduler(SchedulerConfig? config = null)
    {
        OptionReader options = new(ClassName, config);
        Schedule = ScheduleOptions.ReadSchedule(options);
        TrainingTimesteps = Schedule.Timesteps;
        _solver = DpmSolverOptions.Read(options, "dpmsolver", "dpmsolver++", "sde-dpmsolver++");
        PredictionType = options.Prediction("epsilon", "sample", "v_prediction", "flow_prediction");
        _conversion = new OutputConversion(Process, _solver.InClean, SampleBounds.Read(options));
        _lowerOrderFinal = options.Bool("lower_order_final", false);
        SigmaRule rule = SigmaOptions.ReadRule(options);
        _flow = FlowOptions.Read(options);
        _flow.CheckRule(rule);
        _endsAtMin = SigmaOptions.ReadEndsAtMin(options);
        _solver.CheckFinal(_endsAtMin);
        double clipped = options.Double("lambda_min_clipped", double.NegativeInfinity);
        _learnedVariance = DpmSolverOptions.ReadLearnedVariance(options);
        TrainingSigmas training = new(Schedule);
        _grid = new SolverGrid
        {
            Training = training,
            Spacing = new TimestepSpacing(TimestepSpacing.Linspace, TrainingTimesteps, 0),
            Rule = rule == SigmaRule.Training && _flow.Enabled ? SigmaRule.Flow : rule,
            Final = _endsAtMin ? FinalSigma.LowestTraining : FinalSigma.Zero,
            LastTimestep = TrainingTimesteps - training.CountBelow(clipped),
            FlowSigmas = run => _flow.Sigmas(run, TrainingTimesteps),
        };
        DynamicShift = _flow.Enabled ? _flow.Dynamic : null;
        Complete(options);
    }

    private protected override SamplingFeatures Features =>
        SamplingFeatures.Timesteps | SamplingFeatures.Sigmas | SamplingFeatures.AtMostAllSteps;

    private protected override bool DrawsNoise(SamplingPlan plan) => _solver.Stochastic;

    private protected override SamplingGrid MakeGrid(SamplingOptions options) => _grid.Make(options);

    private protected override ISchedulerRun CreateRun(SamplingPlan plan, INoiseSource? noise) =>
        new Run(this, plan, noise, SolverLevels.FromPlan(plan, _flow.Enabled), Orders(plan.Timesteps.Count));

    /// <summary>
    /// The order of each evaluation: groups 1, …, order. Steps that do not fill a group, and always the last one where the run
    /// ends without noise, is of lower order.
    /// </summary>
    private int[] Orders(int steps)
    {
        int order = _solver.Order;
        bool shorten = _lowerOrderFinal || steps % order != 0 || !_endsAtMin;
        int[] orders = [.. Enumerable.Range(0, steps).Select(i => i % order + 1)];
        if (shorten && steps % order == 0) orders[^1] = 1;
        if (!_endsAtMin) orders[^1] = 1;
        return orders;
    }
}
