using static TorchSharp.torch;

namespace LatentDiffusion.Schedulers;

/// <summary>
/// Multistep consistency sampling of distilled flow-matching models (Luo et al. 2023, algorithm 3, on the straight path): each
/// step goes to the predicted x_0 and adds fresh noise up to the next level. Stochastic; one evaluation a step. Published class
/// <c>FlowMatchLCMScheduler</c>, without its growing latents (<c>scale_factors</c>).
/// </summary>
public sealed class FlowMatchLcmScheduler : NoiseScheduler
{
    /// <summary>The published name of this class.</summary>
    public const string ClassName = "FlowMatchLCMScheduler";

    private readonly FlowGrid _grid;

    /// <summary>Creates the scheduler.</summary>
    /// <param name="config">Options; null for the published defaults.</param>
    /// <exception cref="ArgumentException">An option is unknown or not valid; the message names it.</exception>
    public FlowMatchLcmScheduler(SchedulerConfig? config = null)
    {
        OptionReader options = new(ClassName, config);
        PredictionType = PredictionType.Flow;
        _grid = FlowGrid.Read(options);
        (TrainingTimesteps, DynamicShift) = (_grid.TrainingTimesteps, _grid.DynamicShift);
        if (options.Doubles("scale_factors") is not null)
            throw new ArgumentException("scale_factors other than null is not supported.");
        options.Choice(
            "upscale_mode", "bicubic", ["nearest", "linear", "bilinear", "bicubic", "trilinear", "area", "nearest-exact"]);
        Complete(options);
    }

    private protected override SamplingFeatures Features => SamplingFeatures.Timesteps | SamplingFeatures.Sigmas;

    private protected override bool DrawsNoise(SamplingPlan plan) => plan.Evaluations > 1;

    private protected override SamplingGrid MakeGrid(SamplingOptions options) => _grid.Make(options);

    private protected override ISchedulerRun CreateRun(SamplingPlan plan, INoiseSource? noise) => new Run(plan, noise);

    private sealed class Run(SamplingPlan plan, INoiseSource? noise) : SchedulerRun(plan, noise)
    {
        protected override NoiseLevel NoisyLevel => NoiseLevel.Flow(Sigmas[StepIndex]);

        protected override Tensor Advance(Tensor output, Tensor sample)
        {
            double sigma = Sigmas[StepIndex], next = Sigmas[StepIndex + 1];
            return next == 0
                ? LinearCombination.Compute((1, sample), (-sigma, output))
                : LinearCombination.Compute((1 - next, sample), (-(1 - next) * sigma, output), (next, NextNoise(sample)));
        }
    }
}
