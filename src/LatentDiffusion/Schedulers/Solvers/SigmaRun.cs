using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A run that steps in σ: its samples are x_0 + σ·ε, scaled by 1/√(σ²+1) for the model (Karras et al. 2022).</summary>
/// <param name="plan">Timesteps and noise levels of the evaluations.</param>
/// <param name="noise">Source of noise; null for samplers that draw none.</param>
/// <param name="prediction">What the model gives.</param>
internal abstract class SigmaRun(SamplingPlan plan, INoiseSource? noise, PredictionType prediction)
    : SchedulerRun(plan, noise)
{
    protected PredictionType Prediction => prediction;

    /// <summary>The noise level at which the current evaluation takes place.</summary>
    protected virtual double EvaluationSigma => Sigmas[StepIndex];

    protected override double InputScale => 1 / Math.Sqrt(EvaluationSigma * EvaluationSigma + 1);

    protected override NoiseLevel NoisyLevel => NoiseLevel.VarianceExploding(Sigmas[StepIndex]);

    internal override NoiseLevel SampleLevel => NoiseLevel.VarianceExploding(EvaluationSigma);

    /// <summary>Predicted x_0, as a new tensor.</summary>
    protected Tensor Clean(Tensor output, Tensor sample, double sigma)
    {
        NoiseLevel level = NoiseLevel.VariancePreserving(sigma);
        OutputWeights weights = OutputWeights.ToClean(prediction, level);
        return LinearCombination.Of((weights.Sample * level.Alpha, sample), (weights.Output, output));
    }

    /// <summary>The slope dx/dσ = (x − x_0)/σ of the probability flow (Karras et al. 2022, equation 3), as a new tensor.</summary>
    protected static Tensor Slope(Tensor sample, Tensor clean, double sigma) =>
        LinearCombination.Of((1 / sigma, sample), (-1 / sigma, clean));
}
