using static TorchSharp.torch;

namespace LatentDiffusion.Schedulers;

/// <summary>
/// Strategic stochastic sampling of trajectory consistency models (Zheng et al. 2024, algorithm 4): each step follows
/// the trajectory beyond its target and adds noise back. γ is <see cref="SamplingOptions.Eta"/>, 0.3 by default; 0 is
/// deterministic. Published class <c>TCDScheduler</c>.
/// </summary>
public sealed class TcdScheduler : NoiseScheduler
{
    /// <summary>The published name of this class.</summary>
    public const string ClassName = "TCDScheduler";

    private const double DefaultGamma = 0.3;

    private readonly DistilledTimesteps _timesteps;

    /// <summary>Creates the scheduler.</summary>
    /// <param name="config">Options, possibly of another class's configuration; null for the published defaults.</param>
    /// <exception cref="ArgumentException">An option is unknown or not valid; the message names it.</exception>
    public TcdScheduler(SchedulerConfig? config = null)
    {
        OptionReader options = new(ClassName, config);
        Schedule = ScheduleOptions.ReadSchedule(options, 0.00085, 0.012, "scaled_linear", rescale: true);
        TrainingTimesteps = Schedule.Timesteps;
        _timesteps = DistilledTimesteps.Read(options, TrainingTimesteps);
        PredictionType = options.Prediction("epsilon", "sample", "v_prediction");

        // The published class has these options and no step that uses them.
        SampleBounds.Read(options, clipByDefault: false);
        options.Double("timestep_scaling", 10);
        Complete(options);
    }

    private protected override SamplingFeatures Features =>
        SamplingFeatures.Timesteps | SamplingFeatures.Eta | SamplingFeatures.AtMostAllSteps;

    private protected override bool DrawsNoise(SamplingPlan plan) =>
        (plan.Options.Eta ?? DefaultGamma) > 0 && plan.Timesteps.Count > 1;

    private protected override SamplingGrid MakeGrid(SamplingOptions options) => SamplingGrid.Discrete(
        options.Timesteps is { } given ? IntegerTimesteps(given) : _timesteps.Choose(options.Steps), Schedule!, Schedule!.AlphasCumprod[0]);

    private protected override ISchedulerRun CreateRun(SamplingPlan plan, INoiseSource? noise) => new Run(this, plan, noise);

    private sealed class Run(TcdScheduler owner, SamplingPlan plan, INoiseSource? noise)
        : DiscreteRun(plan, noise, owner.Process)
    {
        private readonly double _gamma = plan.Options.Eta ?? DefaultGamma;

        protected override Tensor Advance(Tensor output, Tensor sample)
        {
            bool last = StepIndex + 1 == Timesteps.Count;
            int to = last ? 0 : (int)Timesteps[StepIndex + 1];

            // In single precision, as published: a product next to an integer falls to the same side.
            int beyond = (int)MathF.Floor((float)(1 - _gamma) * to);
            NoiseLevel at = LevelAt((int)Timestep), target = LevelAt(beyond);
            Tensor clean = Clean(output, sample, at), noise = Noise(output, sample, at);
            if (last || _gamma == 0) return LinearCombination.Compute((target.Alpha, clean), (target.Sigma, noise));

            double kept = AlphaBar(to) / AlphaBar(beyond), scale = Math.Sqrt(kept);
            return LinearCombination.Compute(
                (scale * target.Alpha, clean),
                (scale * target.Sigma, noise),
                (Math.Sqrt(Math.Max(1 - kept, 0)), NextNoise(sample)));
        }
    }
}
