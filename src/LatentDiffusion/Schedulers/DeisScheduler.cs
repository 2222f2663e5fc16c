using static System.Math;
using static TorchSharp.torch;

namespace LatentDiffusion.Schedulers;

/// <summary>
/// The diffusion exponential integrator sampler in log ρ (Zhang &amp; Chen 2023, log-ρ AB-DEIS): ε is extrapolated by a
/// polynomial in log ρ, with ρ = σ/α, and integrated over ρ exactly. Order 1 to 3, one evaluation a step;
/// deterministic. Published class <c>DEISMultistepScheduler</c>.
/// </summary>
public sealed class DeisScheduler : NoiseScheduler
{
    /// <summary>The published name of this class.</summary>
    public const string ClassName = "DEISMultistepScheduler";

    private readonly SolverGrid _grid;
    private readonly OutputConversion _conversion;
    private readonly FlowOptions _flow;
    private readonly int _order;
    private readonly bool _lowerOrderFinal;

    /// <summary>Creates the scheduler.</summary>
    /// <param name="config">Options, possibly of another class's configuration; null for the published defaults.</param>
    /// <exception cref="ArgumentException">An option is unknown or not valid; the message names it.</exception>
    public DeisScheduler(SchedulerConfig? config = null)
    {
        OptionReader options = new(ClassName, config);
        Schedule = ScheduleOptions.ReadSchedule(options);
        TrainingTimesteps = Schedule.Timesteps;
        _order = options.Int("solver_order", 2);
        if (_order > 3) throw new ArgumentException($"solver_order is 1, 2 or 3 for a {ClassName}, not {_order}.");
        PredictionType = options.Prediction("epsilon", "sample", "v_prediction", "flow_prediction");
        SampleBounds bounds = SampleBounds.Read(options);

        // ε is taken by way of x_0, which bounds apply to.
        _conversion = new OutputConversion(Process, ToClean: false, bounds);
        options.Choice(
            "algorithm_type", "deis", ["deis"],
            "dpmsolver", "dpmsolver++", "sde-dpmsolver", "sde-dpmsolver++", "data_prediction", "noise_prediction");
        options.Choice("solver_type", "logrho", ["logrho"], "midpoint", "heun", "bh1", "bh2");
        _lowerOrderFinal = options.Bool("lower_order_final", true);
        SigmaRule rule = SigmaOptions.ReadRule(options);
        _flow = FlowOptions.Read(options);
        _flow.CheckRule(rule);
        _grid = new SolverGrid
        {
            Training = new TrainingSigmas(Schedule),
            Spacing = SpacingOptions.Read(options, TrainingTimesteps),
            Rule = _flow.Enabled ? SigmaRule.Flow : rule,
            Final = FinalSigma.LastOfRule,
            LastTimestep = TrainingTimesteps,
            FlowSigmas = run => _flow.Sigmas(run, TrainingTimesteps),
        };
        DynamicShift = _flow.Enabled ? _flow.Dynamic : null;
        Complete(options);
    }

    private protected override SamplingFeatures Features =>
        SamplingFeatures.Timesteps | SamplingFeatures.Sigmas | SamplingFeatures.AtMostAllSteps;

    private protected override SamplingGrid MakeGrid(SamplingOptions options) => _grid.Make(options);

    private protected override ISchedulerRun CreateRun(SamplingPlan plan, INoiseSource? noise) =>
        new Run(this, plan, noise, SolverLevels.FromPlan(plan, _flow.Enabled));

    private sealed class Run(DeisScheduler owner, SamplingPlan plan, INoiseSource? noise, NoiseLevel[] levels)
        : SolverRun(plan, noise, levels, owner._order)
    {
        protected override Tensor Advance(Tensor output, Tensor sample)
        {
            Outputs.Add(owner._conversion.Apply(output, sample, Level(0)));
            NoiseLevel from = Level(0), to = Level(-1);
            int left = Timesteps.Count - StepIndex, order = Min(owner._order, DistinctOutputs);
            if (owner._lowerOrderFinal && Timesteps.Count < 15) order = Min(order, left);

            // dx/α = ε dρ.
            double[] rhos = [.. Enumerable.Range(0, order).Select(back => Rho(Level(back)))];
            (double, Tensor)[] terms = new (double, Tensor)[order + 1];
            terms[0] = (to.Alpha / from.Alpha, sample);
            for (int i = 0; i < order; i++)
                terms[i + 1] = (to.Alpha * (Integral(Rho(to), rhos, i) - Integral(rhos[0], rhos, i)), Outputs[i]);
            return LinearCombination.Compute(terms);
        }

        private static double Rho(NoiseLevel level) => level.Sigma / level.Alpha;

        /// <summary>Antiderivative at ρ of the Lagrange polynomial in log ρ that is 1 at the i-th node and 0 at the others.</summary>
        private static double Integral(double rho, double[] nodes, int i)
        {
            double log = Log(rho), own = Log(nodes[i]);
            double[] others = [.. nodes.Where((_, k) => k != i).Select(node => Log(node))];
            return others switch
            {
                [] => rho,
                [double c] => rho * (log - c - 1) / (own - c),
                [double c, double d] => rho * (c * (d - log + 1) - d * log + d + log * log - 2 * log + 2) / ((own - c) * (own - d)),
                _ => throw new ArgumentOutOfRangeException(nameof(nodes)),
            };
        }
    }
}
