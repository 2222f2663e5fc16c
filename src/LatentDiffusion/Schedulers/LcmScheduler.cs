using static TorchSharp.torch;

namespace LatentDiffusion.Schedulers;

/// <summary>
/// Multistep sampling of latent consistency models (Luo et al. 2023, algorithm 3): each step jumps to the clean sample
/// and adds noise again. Stochastic except for the last step. Published class <c>LCMScheduler</c>.
/// </summary>
public sealed class LcmScheduler : NoiseScheduler
{
    /// <summary>The published name of this class.</summary>
    public const string ClassName = "LCMScheduler";

    private readonly DistilledTimesteps _timesteps;
    private readonly SampleBounds _bounds;
    private readonly double _timestepScaling;

    /// <summary>Creates the scheduler.</summary>
    /// <param name="config">Options, possibly of another class's configuration; null for the published defaults.</param>
    /// <exception cref="ArgumentException">An option is unknown or not valid; the message names it.</exception>
    public LcmScheduler(SchedulerConfig? config = null)
    {
        OptionReader options = new(ClassName, config);
        Schedule = ScheduleOptions.ReadSchedule(options, 0.00085, 0.012, "scaled_linear", rescale: true);
        TrainingTimesteps = Schedule.Timesteps;
        _timesteps = DistilledTimesteps.Read(options, TrainingTimesteps);
        PredictionType = options.Prediction("epsilon", "sample", "v_prediction");
        _bounds = SampleBounds.Read(options, clipByDefault: false);
        _timestepScaling = options.Double("timestep_scaling", 10);
        Complete(options);
    }

    private protected override SamplingFeatures Features => SamplingFeatures.Timesteps | SamplingFeatures.AtMostAllSteps;

    private protected override bool DrawsNoise(SamplingPlan plan) => plan.Timesteps.Count > 1;

    private protected override SamplingGrid MakeGrid(SamplingOptions options) => SamplingGrid.Discrete(
        options.Timesteps is { } given ? IntegerTimesteps(given) : _timesteps.Choose(options.Steps), Schedule!, finalAlphaBar: 1);

    private protected override ISchedulerRun CreateRun(SamplingPlan plan, INoiseSource? noise) => new Run(this, plan, noise);

    private sealed class Run(LcmScheduler owner, SamplingPlan plan, INoiseSource? noise)
        : DiscreteRun(plan, noise, owner.Process)
    {
        protected override Tensor Advance(Tensor output, Tensor sample)
        {
            int t = (int)Timestep;
            Tensor clean = owner._bounds.Apply(Clean(output, sample, LevelAt(t)));

            (double skip, double scale) = ConsistencyBoundary.At(t, owner._timestepScaling);
            if (StepIndex + 1 == Timesteps.Count) return LinearCombination.Compute((scale, clean), (skip, sample));

            NoiseLevel next = LevelAt((int)Timesteps[StepIndex + 1]);
            return LinearCombination.Compute((next.Alpha * scale, clean), (next.Alpha * skip, sample), (next.Sigma, NextNoise(sample)));
        }
    }
}
