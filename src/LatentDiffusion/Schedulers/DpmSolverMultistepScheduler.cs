using static TorchSharp.torch;

namespace LatentDiffusion.Schedulers;

/// <summary>
/// Multistep DPM-Solver and DPM-Solver++ (Lu et al. 2022a and 2022b), as ODE or SDE, of order 1 to 3 (order 2 is known as
/// DPM++ 2M). One evaluation a step; the SDE forms are stochastic. Published class <c>DPMSolverMultistepScheduler</c>.
/// </summary>
/// <example>
/// <code>
/// using LatentDiffusion;
/// using LatentDiffusion.Schedulers;
///
/// // DPM-Solver++ 2M Karras; "sde-dpmsolver++" as the algorithm_type makes it DPM++ 2M SDE Karras.
/// using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
///     .UseModelFolder("models/stable-diffusion-v1-5")
///     .UseScheduler(model => new DpmSolverMultistepScheduler(
///         model.With("algorithm_type", "dpmsolver++").With("use_karras_sigmas", true)))
///     .Build();
/// pipeline.Generate(new GenerationRequest { Prompt = "a red dragon", Steps = 20 });
/// </code>
/// </example>
public sealed class DpmSolverMultistepScheduler : NoiseScheduler
{
    /// <summary>The published name of this class.</summary>
    public const string ClassName = "DPMSolverMultistepScheduler";

    private readonly SolverGrid _grid;
    private readonly DpmSolverOptions _solver;
    private readonly OutputConversion _conversion;
    private readonly FlowOptions _flow;
    private readonly bool _lowerOrderFinal;
    private readonly bool _firstOrderLast;
    private readonly bool _learnedVariance;

    /// <summary>Creates the scheduler.</summary>
    /// <param name="config">Options, possibly of another class's configuration; null for the published defaults.</param>
    /// <exception cref="ArgumentException">An option is unknown or not valid; the message names it.</exception>
    public DpmSolverMultistepScheduler(SchedulerConfig? config = null)
    {
        OptionReader options = new(ClassName, config);
        Schedule = ScheduleOptions.ReadSchedule(options, rescale: true, finite: true);
        TrainingTimesteps = Schedule.Timesteps;
        _solver = DpmSolverOptions.Read(options, "dpmsolver", "dpmsolver++", "sde-dpmsolver", "sde-dpmsolver++");
        PredictionType = options.Prediction("epsilon", "sample", "v_prediction", "flow_prediction");
        _conversion = new OutputConversion(Process, _solver.InClean, SampleBounds.Read(options));
        _lowerOrderFinal = options.Bool("lower_order_final", true);
        bool eulerAtFinal = options.Bool("euler_at_final", false);
        SigmaRule rule = SigmaOptions.ReadRule(options);
        bool lu = options.Bool("use_lu_lambdas", false);
        _flow = FlowOptions.Read(options);
        _flow.CheckRule(rule);
        bool endsAtMin = SigmaOptions.ReadEndsAtMin(options);
        _solver.CheckFinal(endsAtMin);
        _firstOrderLast = eulerAtFinal || !endsAtMin;
        double clipped = options.Double("lambda_min_clipped", double.NegativeInfinity);
        _learnedVariance = DpmSolverOptions.ReadLearnedVariance(options);
        TrainingSigmas training = new(Schedule);
        _grid = new SolverGrid
        {
            Training = training,
            Spacing = SpacingOptions.Read(options, TrainingTimesteps),
            Rule = rule == SigmaRule.Karras ? rule
                : lu ? SigmaRule.Lu
                : rule == SigmaRule.Training && _flow.Enabled ? SigmaRule.Flow
                : rule,
            Final = endsAtMin ? FinalSigma.LowestTraining : FinalSigma.Zero,
            LastTimestep = TrainingTimesteps - training.CountBelow(clipped),
            Rounds = !options.IsGiven("beta_schedule", "squaredcos_cap_v2"),
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
        new Run(this, plan, noise, SolverLevels.FromPlan(plan, _flow.Enabled));

    private sealed class Run(DpmSolverMultistepScheduler owner, SamplingPlan plan, INoiseSource? noise, NoiseLevel[] levels)
        : MultistepDpmRun(plan, noise, levels, owner._solver, owner._lowerOrderFinal, owner._firstOrderLast)
    {
        protected override bool TakesLearnedVariance => owner._learnedVariance;

        protected override Tensor Convert(Tensor output, Tensor sample, NoiseLevel at) =>
            owner._conversion.Apply(MeanOf(output, sample), sample, at);
    }
}
