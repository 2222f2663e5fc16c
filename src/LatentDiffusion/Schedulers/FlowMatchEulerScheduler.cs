using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// Euler's method on the straight paths of flow matching (Lipman et al. 2023; Liu et al. 2023), with the
/// resolution-dependent shift of Esser et al. 2024. First order, one evaluation a step; deterministic, or with
/// <c>stochastic_sampling</c> fresh noise at each step. Published class <c>FlowMatchEulerDiscreteScheduler</c>.
/// </summary>
public sealed class FlowMatchEulerScheduler : NoiseScheduler
{
    /// <summary>The published name of this class.</summary>
    public const string ClassName = "FlowMatchEulerDiscreteScheduler";

    private readonly FlowGrid _grid;
    private readonly bool _dynamic;
    private readonly bool _stochastic;
    private readonly double _baseShift;
    private readonly double _maxShift;
    private readonly int _baseLength;
    private readonly int _maxLength;

    /// <summary>Makes the scheduler.</summary>
    /// <param name="config">Options; null for the published defaults.</param>
    /// <exception cref="ArgumentException">An option is unknown or not valid; the message names it.</exception>
    public FlowMatchEulerScheduler(SchedulerConfig? config = null)
    {
        OptionReader options = new(ClassName, config);
        PredictionType = PredictionType.Flow;
        TrainingTimesteps = options.Int("num_train_timesteps", 1000, max: ScheduleOptions.MostTimesteps);
        double shift = options.Double("shift", 1);
        _dynamic = options.Bool("use_dynamic_shifting", false);
        _baseShift = options.NullableDouble("base_shift", 0.5) ?? 0.5;
        _maxShift = options.NullableDouble("max_shift", 1.15) ?? 1.15;
        _baseLength = options.Int("base_image_seq_len", 256);
        _maxLength = options.Int("max_image_seq_len", 4096);
        _grid = new FlowGrid(TrainingTimesteps, shift)
        {
            Dynamic = _dynamic,
            Inverted = options.Bool("invert_sigmas", false),
            Terminal = options.NullableDouble("shift_terminal"),
            Rule = SigmaOptions.ReadRule(options),
            Exponential = options.Choice("time_shift_type", "exponential", ["exponential", "linear"]) == "exponential",
        };
        _stochastic = options.Bool("stochastic_sampling", false);
        Complete(options);
    }

    /// <summary>
    /// The <see cref="SamplingOptions.Mu"/> of a picture: linear between <c>base_shift</c> and <c>max_shift</c> in the number
    /// of its image tokens.
    /// </summary>
    /// <param name="imageTokens">Number of tokens that the network sees, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="imageTokens"/> is less than 1.</exception>
    public double MuFor(int imageTokens)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(imageTokens, 1);
        double slope = (_maxShift - _baseShift) / (_maxLength - _baseLength);
        return imageTokens * slope + (_baseShift - slope * _baseLength);
    }

    private protected override SamplingFeatures Features => SamplingFeatures.Timesteps | SamplingFeatures.Sigmas
        | (_dynamic ? SamplingFeatures.Mu : SamplingFeatures.None);

    private protected override bool NeedsNoise(SamplingOptions options) => _stochastic;

    private protected override ISchedulerRun CreateRun(SamplingOptions options)
    {
        Refuse(_dynamic && options.Mu is null, "Mu is missing, and use_dynamic_shifting needs it");
        return new Run(options, _grid.Make(options), _stochastic);
    }

    private sealed class Run(SamplingOptions options, SamplingGrid grid, bool stochastic) : SchedulerRun(options, grid.Timesteps)
    {
        protected override NoiseLevel NoisyLevel => NoiseLevel.Flow(grid.Sigmas[StepIndex]);

        protected override Tensor Advance(Tensor output, Tensor sample)
        {
            double sigma = grid.Sigmas[StepIndex], next = grid.Sigmas[StepIndex + 1];
            return stochastic
                ? LinearCombination.Of((1 - next, sample), (-(1 - next) * sigma, output), (next, NextNoise(sample)))
                : LinearCombination.Of((1, sample), (next - sigma, output));
        }
    }
}
