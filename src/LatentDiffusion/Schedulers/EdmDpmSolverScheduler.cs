using static TorchSharp.torch;

namespace LatentDiffusion.Schedulers;

/// <summary>
/// Multistep DPM-Solver++ (Lu et al. 2022b) for models with the preconditioning of EDM (Karras et al. 2022), of order 1 to
/// 3. One evaluation a step; the SDE form is stochastic. Published class <c>EDMDPMSolverMultistepScheduler</c>.
/// </summary>
public sealed class EdmDpmSolverScheduler : NoiseScheduler
{
    /// <summary>The published name of this class.</summary>
    public const string ClassName = "EDMDPMSolverMultistepScheduler";

    private readonly EdmOptions _edm;
    private readonly DpmSolverOptions _solver;
    private readonly SampleBounds _bounds;
    private readonly bool _lowerOrderFinal;
    private readonly bool _eulerAtFinal;
    private readonly bool _endsAtMin;

    /// <summary>Creates the scheduler.</summary>
    /// <param name="config">Options, possibly of another class's configuration; null for the published defaults.</param>
    /// <exception cref="ArgumentException">An option is unknown or not valid; the message names it.</exception>
    public EdmDpmSolverScheduler(SchedulerConfig? config = null)
    {
        OptionReader options = new(ClassName, config);
        _edm = EdmOptions.Read(options);
        TrainingTimesteps = _edm.TrainingTimesteps;
        PredictionType = _edm.Prediction;
        _solver = DpmSolverOptions.Read(options, "dpmsolver++", "sde-dpmsolver++");
        _bounds = SampleBounds.Read(options);
        _lowerOrderFinal = options.Bool("lower_order_final", true);
        _eulerAtFinal = options.Bool("euler_at_final", false);
        _endsAtMin = SigmaOptions.ReadEndsAtMin(options);
        Complete(options);
    }

    private protected override SamplingFeatures Features => SamplingFeatures.Sigmas;

    private protected override bool DrawsNoise(SamplingPlan plan) => _solver.Stochastic;

    private protected override SamplingGrid MakeGrid(SamplingOptions options) =>
        _edm.Grid(_edm.Sigmas(options), _endsAtMin ? _edm.SigmaMin : 0);

    private protected override ISchedulerRun CreateRun(SamplingPlan plan, INoiseSource? noise) => new Run(this, plan, noise);

    private sealed class Run(EdmDpmSolverScheduler owner, SamplingPlan plan, INoiseSource? noise) : MultistepDpmRun(
        plan,
        noise,
        [.. plan.Sigmas.Select(NoiseLevel.VarianceExploding)],
        owner._solver,
        owner._lowerOrderFinal,
        owner._eulerAtFinal || !owner._endsAtMin)
    {
        protected override double InputScale => owner._edm.InputScale(Level(0).Level);

        protected override Tensor Convert(Tensor output, Tensor sample, NoiseLevel at) =>
            owner._bounds.Apply(owner._edm.Clean(output, sample, at.Level));
    }
}
