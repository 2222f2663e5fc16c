using LatentDiffusion;
using static TorchSharp.torch;

namespace CustomScheduler;

/// <summary>DDIM (Song et al. 2021, equation 12) over timesteps whose log signal-to-noise ratios are evenly spaced.</summary>
/// <param name="alphaBars">ᾱ of each training timestep, descending in [0, 1).</param>
/// <param name="prediction">What the model predicts: ε, or the velocity.</param>
public sealed class LogSnrScheduler(IReadOnlyList<double> alphaBars, PredictionType prediction = PredictionType.Epsilon) : INoiseScheduler
{
    public PredictionType PredictionType => prediction;

    public int TrainingTimesteps => alphaBars.Count;

    public ISchedulerRun Start(SamplingOptions options)
    {
        if (options is { Timesteps: not null } or { Sigmas: not null } or { Eta: not null } or { Churn: not null } or { Mu: not null } or { CheckFinite: true })
            throw new ArgumentException($"{options} asks for more than Steps and BeginIndex, which is all that this scheduler knows.", nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Steps, 1);
        double noisiest = LogSnr(alphaBars.Count - 1), cleanest = LogSnr(0);
        IEnumerable<int> timesteps = Enumerable.Range(0, options.Steps).Select(i => Nearest(double.Lerp(noisiest, cleanest, (double)i / options.Steps)));
        return new Run(alphaBars, prediction == PredictionType.Velocity, [.. timesteps.Distinct().Select(t => (double)t)], options.BeginIndex);
    }

    private double LogSnr(int t) => Math.Log(Math.Max(alphaBars[t], 1e-6) / (1 - alphaBars[t]));

    private int Nearest(double logSnr) => Enumerable.Range(0, alphaBars.Count).MinBy(t => Math.Abs(LogSnr(t) - logSnr));

    private sealed class Run(IReadOnlyList<double> alphaBars, bool velocity, double[] timesteps, int begin) : ISchedulerRun
    {
        public IReadOnlyList<double> Timesteps => timesteps;

        public int StepIndex { get; private set; } = begin;

        public double InitialNoiseSigma => 1;

        public Tensor ScaleModelInput(Tensor sample) => sample;

        public Tensor AddNoise(Tensor sample, Tensor noise) => Combine(sample, Signal, noise, Spread);

        public Tensor Step(Tensor modelOutput, Tensor sample)
        {
            if (StepIndex >= timesteps.Length) throw new InvalidOperationException("All steps are done.");
            using Tensor clean = velocity ? Combine(sample, Signal, modelOutput, -Spread) : Combine(sample, 1 / Signal, modelOutput, -Spread / Signal);
            using Tensor noise = velocity ? Combine(sample, Spread, modelOutput, Signal) : modelOutput.alias();
            StepIndex++;
            return Combine(clean, Signal, noise, Spread);
        }

        public void Dispose()
        {
        }

        private double Signal => StepIndex < timesteps.Length ? Math.Sqrt(alphaBars[(int)timesteps[StepIndex]]) : 1;

        private double Spread => Math.Sqrt(1 - (Signal * Signal));

        // Operators with numbers are unsafe in TorchSharp: see TensorArithmetic.
        private static Tensor Combine(Tensor a, double x, Tensor b, double y) => a.Multiply(x).AddInPlace(b, y);
    }
}
