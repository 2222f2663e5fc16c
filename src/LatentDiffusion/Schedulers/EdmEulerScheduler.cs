using static TorchSharp.torch;

namespace LatentDiffusion.Schedulers;

/// <summary>
/// Euler's method for models with the preconditioning of EDM (Karras et al. 2022, table 1 and, with
/// <see cref="SamplingOptions.Churn"/>, algorithm 2). First order, one evaluation a step, deterministic without churn.
/// Its timesteps are c_noise = ¼·log σ. Published class <c>EDMEulerScheduler</c>.
/// </summary>
public sealed class EdmEulerScheduler : NoiseScheduler
{
    /// <summary>The published name of this class.</summary>
    public const string ClassName = "EDMEulerScheduler";

    private readonly EdmOptions _edm;
    private readonly bool _endsAtMin;

    /// <summary>Creates the scheduler.</summary>
    /// <param name="config">Options, possibly of another class's configuration; null for the published defaults.</param>
    /// <exception cref="ArgumentException">An option is unknown or not valid; the message names it.</exception>
    public EdmEulerScheduler(SchedulerConfig? config = null)
    {
        OptionReader options = new(ClassName, config);
        _edm = EdmOptions.Read(options);
        TrainingTimesteps = _edm.TrainingTimesteps;
        PredictionType = _edm.Prediction;
        _endsAtMin = SigmaOptions.ReadEndsAtMin(options);
        Complete(options);
    }

    private protected override SamplingFeatures Features => SamplingFeatures.Sigmas | SamplingFeatures.Churn;

    private protected override bool DrawsNoise(SamplingPlan plan) => plan.Options.Churn?.Churn > 0;

    private protected override SamplingGrid MakeGrid(SamplingOptions options)
    {
        double[] sigmas = _edm.Sigmas(options);
        return _edm.Grid(sigmas, _endsAtMin ? sigmas[^1] : 0);
    }

    private protected override ISchedulerRun CreateRun(SamplingPlan plan, INoiseSource? noise) => new Run(plan, noise, _edm);

    private sealed class Run(SamplingPlan plan, INoiseSource? noise, EdmOptions edm) : SchedulerRun(plan, noise)
    {
        private readonly ChurnOptions? _churn = plan.Options.Churn;

        protected override double InputScale => edm.InputScale(Sigmas[StepIndex]);

        protected override NoiseLevel NoisyLevel => NoiseLevel.VarianceExploding(Sigmas[StepIndex]);

        protected override Tensor Advance(Tensor output, Tensor sample)
        {
            double sigma = Sigmas[StepIndex], next = Sigmas[StepIndex + 1];
            double raised = Churn.Raise(_churn, sigma, Sigmas.Count - 1);
            if (raised > sigma) sample = Churn.Add(_churn!, sample, NextNoise(sample), sigma, raised);

            // x + (x − x_0)/σ̂·(σ' − σ̂) is between x and x_0.
            double kept = next / raised;
            return LinearCombination.Compute((kept, sample), (1 - kept, edm.Clean(output, sample, raised)));
        }
    }
}
