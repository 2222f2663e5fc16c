namespace LatentDiffusion.Schedulers;

/// <summary>
/// The unified predictor-corrector (Zhao et al. 2023, algorithms 5 to 8) with B_1 or B_2, of any order, in x_0 or ε. One
/// evaluation a step; deterministic; the corrector raises the order by one at no further evaluation. Published class
/// <c>UniPCMultistepScheduler</c>.
/// </summary>
public sealed partial class UniPCScheduler : NoiseScheduler
{
    /// <summary>The published name of this class.</summary>
    public const string ClassName = "UniPCMultistepScheduler";

    private readonly SolverGrid _grid;
    private readonly OutputConversion _conversion;
    private readonly FlowOptions _flow;
    private readonly double? _terminal;
    private readonly int _order;
    private readonly bool _secondB;
    private readonly bool _lowerOrderFinal;
    private readonly HashSet<int> _uncorrected;

    /// <summary>Creates the scheduler.</summary>
    /// <param name="config">Options, possibly of another class's configuration; null for the published defaults.</param>
    /// <exception cref="ArgumentException">An option is unknown or not valid; the message names it.</exception>
    public UniPCScheduler(SchedulerConfig? config = null)
    {
        OptionReader options = new(ClassName, config);
        Schedule = ScheduleOptions.ReadSchedule(options, rescale: true, finite: true);
        TrainingTimesteps = Schedule.Timesteps;
        _order = options.Int("solver_order", 2);
        PredictionType = options.Prediction("epsilon", "sample", "v_prediction", "flow_prediction");
        SampleBounds bounds = SampleBounds.Read(options);
        bool inClean = options.Bool("predict_x0", true);

        // As published: samples are only bounded where the solver is written in them.
        _conversion = new OutputConversion(Process, inClean, inClean ? bounds : bounds with { Thresholding = false });
        _secondB = options.Choice("solver_type", "bh2", ["bh1", "bh2"], "midpoint", "heun", "logrho") == "bh2";
        _lowerOrderFinal = options.Bool("lower_order_final", true);
        _uncorrected = [.. options.Ints("disable_corrector")];
        if (options.NullableChoice("solver_p", []) is not null) throw new ArgumentException("solver_p other than null is not supported.");
        SigmaRule rule = SigmaOptions.ReadRule(options);
        _flow = FlowOptions.Read(options, "linear");
        bool karrasFlow = _flow.Enabled && rule == SigmaRule.Karras;
        if (!karrasFlow) _flow.CheckRule(rule);
        TimestepSpacing spacing = SpacingOptions.Read(options, TrainingTimesteps);
        bool endsAtMin = SigmaOptions.ReadEndsAtMin(options);
        double? min = options.NullableDouble("sigma_min"), max = options.NullableDouble("sigma_max");
        _terminal = options.NullableDouble("shift_terminal");
        if (_terminal is not null && !_flow.Enabled) throw new ArgumentException("shift_terminal needs use_flow_sigmas.");
        _grid = new SolverGrid
        {
            Training = new TrainingSigmas(Schedule),
            Spacing = spacing,
            Rule = _flow.Enabled && !karrasFlow ? SigmaRule.Flow : rule,
            Final = endsAtMin ? FinalSigma.LastOfRule : FinalSigma.Zero,
            LastTimestep = TrainingTimesteps,
            Min = min,
            Max = max,
            FlowSigmas = FlowSigmas,
            KarrasFlow = karrasFlow,
        };
        DynamicShift = _flow.Enabled && !karrasFlow ? _flow.Dynamic : null;
        Complete(options);
    }

    private protected override SamplingFeatures Features =>
        SamplingFeatures.Timesteps | SamplingFeatures.Sigmas | SamplingFeatures.AtMostAllSteps;

    private protected override SamplingGrid MakeGrid(SamplingOptions options) => _grid.Make(options);

    private protected override ISchedulerRun CreateRun(SamplingPlan plan, INoiseSource? noise) =>
        new Run(this, plan, noise, SolverLevels.FromPlan(plan, _flow.Enabled));

    /// <summary>This class's levels of a flow, from 1 down; the first is kept below 1, where x_0 has no weight.</summary>
    private double[] FlowSigmas(SamplingOptions options)
    {
        const double Margin = 1e-6;
        double[] sigmas = options.Sigmas is { } given ? [.. given] : Grids.Linspace(1, 1.0 / TrainingTimesteps, options.Steps + 1)[..^1];
        sigmas = [.. sigmas.Select(s =>
            options.Mu is { } mu ? FlowShift.Dynamic(_flow.Exponential, mu, s) : FlowShift.Apply(_flow.Shift, s))];
        sigmas = FlowShift.Stretch(sigmas, _terminal);
        if (Math.Abs(sigmas[0] - 1) < Margin) sigmas[0] -= Margin;
        return sigmas;
    }
}
