using LatentDiffusion;
using LatentDiffusion.Schedulers;
using static TorchSharp.torch;

namespace CustomScheduler;

/// <summary>DDIM (Song et al. 2021, equation 12) over timesteps whose log signal-to-noise ratios are evenly spaced.</summary>
/// <param name="alphaBars">ᾱ of each training timestep, descending in [0, 1).</param>
/// <param name="prediction">The model's prediction type: ε or velocity.</param>
public sealed class LogSnrScheduler(IReadOnlyList<double> alphaBars, PredictionType prediction = PredictionType.Epsilon) : INoiseScheduler
{
    public PredictionType PredictionType => prediction;

    public int TrainingTimesteps => alphaBars.Count;

    public SamplingPlan Plan(SamplingOptions options, LatentShape shape)
    {
        if (options != new SamplingOptions { Steps = options.Steps, BeginStep = options.BeginStep })
            throw new ArgumentException($"{options} asks for more than Steps and BeginStep, which is all that this scheduler knows.");
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Steps, 1);
        double noisiest = LogSnr(alphaBars.Count - 1), cleanest = LogSnr(0);
        IEnumerable<double> fractions = Enumerable.Range(0, options.Steps).Select(i => (double)i / options.Steps);
        int[] timesteps = [.. fractions.Select(fraction => Nearest(double.Lerp(noisiest, cleanest, fraction))).Distinct()];
        IEnumerable<double> sigmas = timesteps.Select(t => Math.Sqrt((1 - alphaBars[t]) / alphaBars[t]));
        return new SamplingPlan(options, timesteps.Select(t => (double)t), [.. sigmas, 0]);
    }

    public ISchedulerRun Start(SamplingPlan plan, INoiseSource? noise = null) =>
        new Run(plan, alphaBars, prediction == PredictionType.Velocity);

    private double LogSnr(int t) => Math.Log(Math.Max(alphaBars[t], 1e-6) / (1 - alphaBars[t]));

    private int Nearest(double logSnr) => Enumerable.Range(0, alphaBars.Count).MinBy(t => Math.Abs(LogSnr(t) - logSnr));

    private sealed class Run(SamplingPlan plan, IReadOnlyList<double> alphaBars, bool velocity) : ISchedulerRun
    {
        public SamplingPlan Plan => plan;

        public int StepIndex { get; private set; } = plan.BeginIndex;

        public Tensor AddNoise(Tensor sample, Tensor noise) => Combine(sample, Signal, noise, Spread);

        public Tensor Step(Tensor modelOutput, Tensor sample)
        {
            if (StepIndex >= plan.Timesteps.Count) throw new InvalidOperationException("All steps are done.");
            using Tensor clean = velocity
                ? Combine(sample, Signal, modelOutput, -Spread)
                : Combine(sample, 1 / Signal, modelOutput, -Spread / Signal);
            using Tensor noise = velocity ? Combine(sample, Spread, modelOutput, Signal) : modelOutput.alias();
            StepIndex++;
            return Combine(clean, Signal, noise, Spread);
        }

        public void Dispose()
        {
        }

        private double Signal => StepIndex < plan.Timesteps.Count ? Math.Sqrt(alphaBars[(int)plan.Timesteps[StepIndex]]) : 1;

        private double Spread => Math.Sqrt(1 - (Signal * Signal));

        // Operators with numbers are unsafe in TorchSharp: see TensorArithmetic.
        private static Tensor Combine(Tensor a, double x, Tensor b, double y) => a.Multiply(x).AddInPlace(b, y);
    }
}
