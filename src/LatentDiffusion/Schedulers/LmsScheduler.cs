using static TorchSharp.torch;

namespace LatentDiffusion.Schedulers;

/// <summary>
/// The linear multistep method of Adams and Bashforth on the probability flow in σ, over uneven steps (k-diffusion's
/// <c>sample_lms</c>). Fourth order once four slopes are known, one evaluation a step; deterministic. Published class
/// <c>LMSDiscreteScheduler</c>.
/// </summary>
public sealed class LmsScheduler : NoiseScheduler
{
    /// <summary>The published name of this class.</summary>
    public const string ClassName = "LMSDiscreteScheduler";

    private readonly SigmaGrid _grid;

    /// <summary>Creates the scheduler.</summary>
    /// <param name="config">Options, possibly of another class's configuration; null for the published defaults.</param>
    /// <exception cref="ArgumentException">An option is unknown or not valid; the message names it.</exception>
    public LmsScheduler(SchedulerConfig? config = null)
    {
        OptionReader options = new(ClassName, config);
        Schedule = ScheduleOptions.ReadSchedule(options);
        TrainingTimesteps = Schedule.Timesteps;
        SigmaRule rule = SigmaOptions.ReadRule(options);
        PredictionType = options.Prediction("epsilon", "sample", "v_prediction");
        _grid = new SigmaGrid(new TrainingSigmas(Schedule), SpacingOptions.Read(options, TrainingTimesteps), rule);
        Complete(options);
    }

    /// <summary>How many slopes a step takes into account, 1 to 4. Default 4.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Set to another number.</exception>
    public int Order
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, 4);
            field = value;
        }
    } = 4;

    private protected override SamplingFeatures Features => SamplingFeatures.Timesteps | SamplingFeatures.Sigmas;

    private protected override SamplingGrid MakeGrid(SamplingOptions options) => _grid.Make(options);

    private protected override ISchedulerRun CreateRun(SamplingPlan plan, INoiseSource? noise) => new Run(plan, noise, Process, Order);

    private sealed class Run(SamplingPlan plan, INoiseSource? noise, DiffusionProcess process, int order)
        : SigmaRun(plan, noise, process)
    {
        private readonly TensorHistory _slopes = new(order);

        protected override Tensor Advance(Tensor output, Tensor sample)
        {
            double sigma = Sigmas[StepIndex];
            _slopes.Add(Slope(sample, Clean(output, sample, sigma), sigma));
            (double, Tensor)[] terms = new (double, Tensor)[_slopes.Count + 1];
            terms[0] = (1, sample);
            for (int back = 0; back < _slopes.Count; back++)
                terms[back + 1] = (Weight(back, _slopes.Count), _slopes[back]);
            return LinearCombination.Compute(terms);
        }

        protected override void Forget() => _slopes.Clear();

        /// <summary>
        /// Integral over the step of the Lagrange polynomial that is 1 at the level <paramref name="back"/> evaluations ago
        /// and 0 at the others. Two Gauss points integrate polynomials up to the third degree exactly.
        /// </summary>
        private double Weight(int back, int order)
        {
            double from = Sigmas[StepIndex], to = Sigmas[StepIndex + 1];
            double middle = (from + to) / 2, offset = (to - from) / (2 * Math.Sqrt(3));
            return (to - from) / 2 * (Lagrange(middle - offset) + Lagrange(middle + offset));

            double Lagrange(double x)
            {
                double product = 1, own = Sigmas[StepIndex - back];
                for (int k = 0; k < order; k++)
                    if (k != back) product *= (x - Sigmas[StepIndex - k]) / (own - Sigmas[StepIndex - k]);
                return product;
            }
        }
    }
}
