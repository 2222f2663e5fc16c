using static TorchSharp.torch;

namespace LatentDiffusion.Schedulers;

/// <summary>
/// Denoising diffusion implicit models (Song et al. 2021, equation 12). Deterministic at η = 0, of first order; η = 1
/// is ancestral sampling. One evaluation a step. Published class <c>DDIMScheduler</c>.
/// </summary>
/// <example>
/// <code>
/// using LatentDiffusion;
/// using LatentDiffusion.Schedulers;
///
/// using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
///     .UseModelFolder("models/stable-diffusion-v1-5")
///     .UseScheduler(model => new DdimScheduler(model.With("timestep_spacing", "trailing")))
///     .Build();
/// pipeline.Generate(new GenerationRequest { Prompt = "a red dragon", Steps = 50, Eta = 0.5 });
/// </code>
/// </example>
public sealed class DdimScheduler : NoiseScheduler
{
    /// <summary>The published name of this class.</summary>
    public const string ClassName = "DDIMScheduler";

    private readonly TimestepSpacing _spacing;
    private readonly SampleBounds _bounds;
    private readonly double _finalAlphaBar;

    /// <summary>Creates the scheduler.</summary>
    /// <param name="config">Options, possibly of another class's configuration; null for the published defaults.</param>
    /// <exception cref="ArgumentException">An option is unknown or not valid; the message names it.</exception>
    public DdimScheduler(SchedulerConfig? config = null)
    {
        OptionReader options = new(ClassName, config);
        Schedule = ScheduleOptions.ReadSchedule(options, rescale: true);
        TrainingTimesteps = Schedule.Timesteps;
        _finalAlphaBar = options.Bool("set_alpha_to_one", true) ? 1 : Schedule.AlphasCumprod[0];
        PredictionType = options.Prediction("epsilon", "sample", "v_prediction");
        _bounds = SampleBounds.Read(options, clipByDefault: true);
        _spacing = SpacingOptions.Read(options, TrainingTimesteps, TimestepSpacing.Leading);
        Complete(options);
    }

    /// <summary>
    /// Whether ε is derived again from x_0 after that was clipped or thresholded, as in GLIDE (Nichol et al. 2022). Default
    /// false: the two then need not agree.
    /// </summary>
    public bool UseClippedModelOutput { get; init; }

    private protected override SamplingFeatures Features =>
        SamplingFeatures.Timesteps | SamplingFeatures.Eta | SamplingFeatures.AtMostAllSteps;

    private protected override bool DrawsNoise(SamplingPlan plan) => plan.Options.Eta > 0;

    private protected override SamplingGrid MakeGrid(SamplingOptions options) => SamplingGrid.Discrete(
        options.Timesteps is { } given ? IntegerTimesteps(given) : _spacing.Integers(options.Steps), Schedule!, _finalAlphaBar);

    private protected override ISchedulerRun CreateRun(SamplingPlan plan, INoiseSource? noise) => new Run(this, plan, noise);

    private sealed class Run(DdimScheduler owner, SamplingPlan plan, INoiseSource? noise)
        : DiscreteRun(plan, noise, owner.Process)
    {
        private readonly double _eta = plan.Options.Eta ?? 0;

        /// <summary>How far each step goes, which need not be to the next evaluation; null for custom timesteps, where it is.</summary>
        private readonly int? _stride = plan.Options.Timesteps is null ? owner.TrainingTimesteps / plan.Options.Steps : null;

        protected override Tensor Advance(Tensor output, Tensor sample)
        {
            int t = (int)Timestep;
            int to = _stride is { } stride ? t - stride : StepIndex + 1 < Timesteps.Count ? (int)Timesteps[StepIndex + 1] : -1;
            double alphaBar = AlphaBar(t), previous = to >= 0 ? AlphaBar(to) : owner._finalAlphaBar;
            NoiseLevel level = NoiseLevel.FromAlphaBar(alphaBar);
            Tensor clean = owner._bounds.Apply(Clean(output, sample, level));
            Tensor noise = owner.UseClippedModelOutput
                ? LinearCombination.Compute((1 / level.Sigma, sample), (-level.Alpha / level.Sigma, clean))
                : Noise(output, sample, level);

            double variance = (1 - previous) / (1 - alphaBar) * (1 - alphaBar / previous);
            double deviation = _eta * Math.Sqrt(Math.Max(variance, 0));
            double direction = Math.Sqrt(Math.Max(1 - previous - deviation * deviation, 0));
            return _eta > 0
                ? LinearCombination.Compute((Math.Sqrt(previous), clean), (direction, noise), (deviation, NextNoise(sample)))
                : LinearCombination.Compute((Math.Sqrt(previous), clean), (direction, noise));
        }
    }
}
