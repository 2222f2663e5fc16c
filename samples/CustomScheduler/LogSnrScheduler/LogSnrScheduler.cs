using LatentDiffusion;
using static TorchSharp.torch;

namespace CustomScheduler;

/// <summary>DDIM (Song et al. 2021, equation 12) over timesteps whose log signal-to-noise ratios are evenly spaced, for models that predict ε.</summary>
/// <param name="alphaBars">ᾱ of each training timestep, descending in (0, 1).</param>
public sealed class LogSnrScheduler(IReadOnlyList<double> alphaBars) : INoiseScheduler
{
    public PredictionType PredictionType => PredictionType.Epsilon;

    public int TrainingTimesteps => alphaBars.Count;

    public ISchedulerRun Start(SamplingOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Steps, 1);
        double noisiest = LogSnr(alphaBars.Count - 1), cleanest = LogSnr(0);
        IEnumerable<int> timesteps = Enumerable.Range(0, options.Steps).Select(i => Nearest(double.Lerp(noisiest, cleanest, (double)i / options.Steps)));
        return new Run(alphaBars, [.. timesteps.Distinct().Select(t => (double)t)], options.BeginIndex);
    }

    private double LogSnr(int t) => Math.Log(alphaBars[t] / (1 - alphaBars[t]));

    private int Nearest(double logSnr) => Enumerable.Range(0, alphaBars.Count).MinBy(t => Math.Abs(LogSnr(t) - logSnr));

    private sealed class Run(IReadOnlyList<double> alphaBars, double[] timesteps, int begin) : ISchedulerRun
    {
        public IReadOnlyList<double> Timesteps => timesteps;

        public int StepIndex { get; private set; } = begin;

        public double InitialNoiseSigma => 1;

        public Tensor ScaleModelInput(Tensor sample) => sample;

        public Tensor AddNoise(Tensor sample, Tensor noise) => Mix(AlphaBar(StepIndex), sample, noise);

        public Tensor Step(Tensor modelOutput, Tensor sample)
        {
            if (StepIndex >= timesteps.Length) throw new InvalidOperationException("All steps are done.");
            double now = AlphaBar(StepIndex);
            using Tensor scaled = modelOutput * Math.Sqrt(1 - now), clean = (sample - scaled).div_(Math.Sqrt(now));
            return Mix(AlphaBar(++StepIndex), clean, modelOutput);
        }

        public void Dispose()
        {
        }

        private double AlphaBar(int index) => index < timesteps.Length ? alphaBars[(int)timesteps[index]] : 1;

        private static Tensor Mix(double alphaBar, Tensor clean, Tensor noise) => (clean * Math.Sqrt(alphaBar)).add_(noise, Math.Sqrt(1 - alphaBar));
    }
}
