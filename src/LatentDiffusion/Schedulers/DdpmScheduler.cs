using static TorchSharp.torch;

namespace LatentDiffusion.Schedulers;

/// <summary>
/// Ancestral sampling from the learned reverse process (Ho et al. 2020, algorithm 2; learned variances: Nichol &amp;
/// Dhariwal 2021, equation 15). Stochastic; one evaluation a step. Published class <c>DDPMScheduler</c>.
/// </summary>
public sealed class DdpmScheduler : NoiseScheduler
{
    /// <summary>The published name of this class.</summary>
    public const string ClassName = "DDPMScheduler";

    private readonly TimestepSpacing _spacing;
    private readonly SampleBounds _bounds;
    private readonly string _variance;

    /// <summary>Creates the scheduler.</summary>
    /// <param name="config">Options, possibly of another class's configuration; null for the published defaults.</param>
    /// <exception cref="ArgumentException">An option is unknown or not valid; the message names it.</exception>
    public DdpmScheduler(SchedulerConfig? config = null)
    {
        OptionReader options = new(ClassName, config);
        Schedule = ScheduleOptions.ReadSchedule(options, rescale: true, moreSchedules: ["sigmoid", "laplace"]);
        TrainingTimesteps = Schedule.Timesteps;
        _variance = options.Choice("variance_type", "fixed_small",
            ["fixed_small", "fixed_small_log", "fixed_large", "fixed_large_log", "learned", "learned_range"]);
        PredictionType = options.Prediction("epsilon", "sample", "v_prediction");
        _bounds = SampleBounds.Read(options, clipByDefault: true);
        _spacing = SpacingOptions.Read(options, TrainingTimesteps, TimestepSpacing.Leading);
        Complete(options);
    }

    private protected override SamplingFeatures Features => SamplingFeatures.Timesteps | SamplingFeatures.AtMostAllSteps;

    private protected override bool DrawsNoise(SamplingPlan plan) => true;

    private protected override SamplingGrid MakeGrid(SamplingOptions options) => SamplingGrid.Discrete(
        options.Timesteps is { } given ? IntegerTimesteps(given) : _spacing.Integers(options.Steps), Schedule!, finalAlphaBar: 1);

    private protected override ISchedulerRun CreateRun(SamplingPlan plan, INoiseSource? noise) => new Run(this, plan, noise);

    private sealed class Run(DdpmScheduler owner, SamplingPlan plan, INoiseSource? noise)
        : DiscreteRun(plan, noise, owner.Process)
    {
        protected override bool TakesLearnedVariance => owner._variance.StartsWith("learned", StringComparison.Ordinal);

        protected override Tensor Advance(Tensor output, Tensor sample)
        {
            int t = (int)Timestep;
            double alphaBar = AlphaBar(t), previous = StepIndex + 1 < Timesteps.Count ? AlphaBar((int)Timesteps[StepIndex + 1]) : 1;
            double alpha = alphaBar / previous, beta = 1 - alpha, noise = 1 - alphaBar;

            // Equation 7 with the step's own α and β, which span several training steps.
            Tensor clean = owner._bounds.Apply(Clean(MeanOf(output, sample), sample, NoiseLevel.FromAlphaBar(alphaBar)));
            Tensor mean = LinearCombination.Compute(
                (Math.Sqrt(previous) * beta / noise, clean),
                (Math.Sqrt(alpha) * (1 - previous) / noise, sample));
            if (t == 0) return mean;

            double posterior = Math.Max((1 - previous) / noise * beta, 1e-20);
            Tensor drawn = NextNoise(sample);
            return TakesLearnedVariance
                ? mean.AddInPlace(drawn.mul_(LearnedDeviation(output, sample, posterior, beta)))
                : mean.AddInPlace(drawn, Math.Sqrt(owner._variance.StartsWith("fixed_large", StringComparison.Ordinal) ? beta : posterior));
        }

        private Tensor LearnedDeviation(Tensor output, Tensor sample, double posterior, double beta)
        {
            if (output.shape[1] == sample.shape[1])
            {
                throw new ArgumentException(
                    $"variance_type '{owner._variance}' needs a model output of twice the sample's channels.", nameof(output));
            }

            Tensor predicted = output.narrow(1, sample.shape[1], sample.shape[1]);
            if (owner._variance == "learned") return predicted.sqrt();

            // −1 stands for the posterior variance and 1 for β, between them in log space.
            double low = Math.Log(posterior), high = Math.Log(beta);
            return predicted.Multiply((high - low) / 4).Add((high + low) / 4).exp();
        }
    }
}
