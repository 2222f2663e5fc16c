using static TorchSharp.torch;

namespace LatentDiffusion.Schedulers;

/// <summary>
/// Ancestral sampling whose deterministic part is the midpoint method in log σ (k-diffusion's
/// <c>sample_dpm_2_ancestral</c>). Stochastic; two evaluations a step and one in the last. Published class
/// <c>KDPM2AncestralDiscreteScheduler</c>.
/// </summary>
public sealed class KDpm2AncestralScheduler : NoiseScheduler
{
    /// <summary>The published name of this class.</summary>
    public const string ClassName = "KDPM2AncestralDiscreteScheduler";

    private readonly SigmaGrid _grid;
    private readonly TrainingSigmas _training;

    /// <summary>Creates the scheduler.</summary>
    /// <param name="config">Options, possibly of another class's configuration; null for the published defaults.</param>
    /// <exception cref="ArgumentException">An option is unknown or not valid; the message names it.</exception>
    public KDpm2AncestralScheduler(SchedulerConfig? config = null)
    {
        OptionReader options = new(ClassName, config);
        Schedule = ScheduleOptions.ReadSchedule(options, 0.00085, 0.012);
        TrainingTimesteps = Schedule.Timesteps;
        SigmaRule rule = SigmaOptions.ReadRule(options);
        PredictionType = options.Prediction("epsilon", "v_prediction");
        _training = new TrainingSigmas(Schedule);
        _grid = new SigmaGrid(_training, SpacingOptions.Read(options, TrainingTimesteps), rule) { RoundsKarras = true };
        EvaluationsPerStep = 2;
        Complete(options);
    }

    private protected override SamplingFeatures Features => SamplingFeatures.Timesteps | SamplingFeatures.Sigmas;

    private protected override bool DrawsNoise(SamplingPlan plan) => true;

    private protected override SamplingGrid MakeGrid(SamplingOptions options) =>
        TwoStageGrid.WithMiddles(_grid.Make(options), _training, Middle);

    private protected override ISchedulerRun CreateRun(SamplingPlan plan, INoiseSource? noise) => new Run(plan, noise, Process);

    /// <summary>The level halfway down to where the deterministic part of a step leads.</summary>
    private static double Middle(double from, double to) => TwoStageGrid.Between(from, (float)Ancestral.Split(from, to).Down);

    private sealed class Run(SamplingPlan plan, INoiseSource? noise, DiffusionProcess process) : SigmaRun(plan, noise, process)
    {
        private readonly TensorHistory _start = new(1);

        // As published: within a step, noise is added up to the level where the step ends.
        protected override NoiseLevel NoisyLevel =>
            NoiseLevel.VarianceExploding(Sigmas[StepIndex % 2 == 0 ? StepIndex : StepIndex + 1]);

        protected override Tensor Advance(Tensor output, Tensor sample)
        {
            double sigma = Sigmas[StepIndex], to = Sigmas[StepIndex + 1];
            Tensor slope = Slope(sample, Clean(output, sample, sigma), sigma);
            if (StepIndex % 2 != 0)
            {
                double from = Sigmas[StepIndex - 1];
                (double down, double up) = Ancestral.Split(from, to);
                Tensor next = LinearCombination.Compute((1, _start[0]), (down - from, slope), (up, NextNoise(sample)));
                _start.Clear();
                return next;
            }

            if (StepIndex + 1 < Timesteps.Count) _start.Add(sample.clone());
            return LinearCombination.Compute((1, sample), (to - sigma, slope));
        }

        protected override void Forget() => _start.Clear();
    }
}
