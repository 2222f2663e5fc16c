using static TorchSharp.torch;

namespace LatentDiffusion.Schedulers;

/// <summary>
/// Euler's method to a level below the target, and fresh noise back up to it: ancestral sampling in σ (k-diffusion's
/// <c>sample_euler_ancestral</c>; the split of the variance is that of Ho et al. 2020, equation 7). Stochastic; one
/// evaluation a step. Published class <c>EulerAncestralDiscreteScheduler</c>.
/// </summary>
public sealed class EulerAncestralScheduler : NoiseScheduler
{
    /// <summary>The published name of this class.</summary>
    public const string ClassName = "EulerAncestralDiscreteScheduler";

    private readonly SigmaGrid _grid;

    /// <summary>Creates the scheduler.</summary>
    /// <param name="config">Options, possibly of another class's configuration; null for the published defaults.</param>
    /// <exception cref="ArgumentException">An option is unknown or not valid; the message names it.</exception>
    public EulerAncestralScheduler(SchedulerConfig? config = null)
    {
        OptionReader options = new(ClassName, config);
        Schedule = ScheduleOptions.ReadSchedule(options, rescale: true, finite: true);
        TrainingTimesteps = Schedule.Timesteps;
        PredictionType = options.Prediction("epsilon", "v_prediction");
        _grid = new SigmaGrid(new TrainingSigmas(Schedule), SpacingOptions.Read(options, TrainingTimesteps), SigmaRule.Training);
        Complete(options);
    }

    private protected override SamplingFeatures Features => SamplingFeatures.Timesteps | SamplingFeatures.Sigmas;

    private protected override bool DrawsNoise(SamplingPlan plan) => true;

    private protected override SamplingGrid MakeGrid(SamplingOptions options) => _grid.Make(options);

    private protected override ISchedulerRun CreateRun(SamplingPlan plan, INoiseSource? noise) => new Run(plan, noise, Process);

    private sealed class Run(SamplingPlan plan, INoiseSource? noise, DiffusionProcess process) : SigmaRun(plan, noise, process)
    {
        protected override Tensor Advance(Tensor output, Tensor sample)
        {
            double sigma = Sigmas[StepIndex];
            (double down, double up) = Ancestral.Split(sigma, Sigmas[StepIndex + 1]);
            Tensor slope = Slope(sample, Clean(output, sample, sigma), sigma);
            return LinearCombination.Compute((1, sample), (down - sigma, slope), (up, NextNoise(sample)));
        }
    }
}
