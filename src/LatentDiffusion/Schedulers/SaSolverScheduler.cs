namespace LatentDiffusion.Schedulers;

/// <summary>
/// The stochastic Adams solver (Xue et al. 2023, algorithm 1): a multistep predictor and corrector for the reverse-time SDE, of
/// order 1 to 4 each, in x_0 or ε. Noise is added only between timesteps 200 and 800, as published. Stochastic; one evaluation
/// a step. Published class <c>SASolverScheduler</c>.
/// </summary>
public sealed partial class SaSolverScheduler : NoiseScheduler
{
    /// <summary>The published name of this class.</summary>
    public const string ClassName = "SASolverScheduler";

    private const int MaximumOrder = 4;

    private readonly SolverGrid _grid;
    private readonly OutputConversion _conversion;
    private readonly int _predictorOrder;
    private readonly int _correctorOrder;
    private readonly bool _lowerOrderFinal;
    private readonly bool _learnedVariance;

    /// <summary>Creates the scheduler.</summary>
    /// <param name="config">Options, possibly of another class's configuration; null for the published defaults.</param>
    /// <exception cref="ArgumentException">An option is unknown or not valid; the message names it.</exception>
    public SaSolverScheduler(SchedulerConfig? config = null)
    {
        OptionReader options = new(ClassName, config);
        Schedule = ScheduleOptions.ReadSchedule(options);
        TrainingTimesteps = Schedule.Timesteps;
        _predictorOrder = options.Int("predictor_order", 2, max: MaximumOrder);
        _correctorOrder = options.Int("corrector_order", 2, max: MaximumOrder);
        PredictionType = options.Prediction("epsilon", "sample", "v_prediction");
        if (options.NullableChoice("tau_func", []) is not null) throw new ArgumentException("tau_func other than null is not supported.");
        SampleBounds bounds = SampleBounds.Read(options);
        string algorithm = options.Choice(
            "algorithm_type", "data_prediction", ["data_prediction", "noise_prediction"],
            "dpmsolver", "dpmsolver++", "sde-dpmsolver", "sde-dpmsolver++", "deis");
        _conversion = new OutputConversion(Process, algorithm == "data_prediction", bounds);
        _lowerOrderFinal = options.Bool("lower_order_final", true);
        bool karras = options.Bool("use_karras_sigmas", false);
        double clipped = options.Double("lambda_min_clipped", double.NegativeInfinity);
        _learnedVariance = DpmSolverOptions.ReadLearnedVariance(options);
        TrainingSigmas training = new(Schedule);
        _grid = new SolverGrid
        {
            Training = training,
            Spacing = SpacingOptions.Read(options, TrainingTimesteps),
            Rule = karras ? SigmaRule.Karras : SigmaRule.Training,
            Final = FinalSigma.LastOfRule,
            LastTimestep = TrainingTimesteps - training.CountBelow(clipped),
        };
        Complete(options);
    }

    private protected override SamplingFeatures Features =>
        SamplingFeatures.Timesteps | SamplingFeatures.Sigmas | SamplingFeatures.AtMostAllSteps;

    private protected override bool DrawsNoise(SamplingPlan plan) => true;

    private protected override SamplingGrid MakeGrid(SamplingOptions options) => _grid.Make(options);

    private protected override ISchedulerRun CreateRun(SamplingPlan plan, INoiseSource? noise) =>
        new Run(this, plan, noise, SolverLevels.FromPlan(plan, flow: false));

    /// <summary>τ, the stochasticity of the step from a timestep.</summary>
    private static double Tau(double timestep) => timestep is >= 200 and <= 800 ? 1 : 0;
}
