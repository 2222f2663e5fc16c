using static TorchSharp.torch;

namespace LatentDiffusion.Schedulers;

/// <summary>A run that steps in σ: its samples are x_0 + σ·ε, scaled by 1/√(σ²+1) for the model (Karras et al. 2022).</summary>
/// <param name="plan">Timesteps and noise levels of the evaluations.</param>
/// <param name="noise">Source of noise; null for samplers that draw none.</param>
/// <param name="process">The diffusion process.</param>
internal abstract class SigmaRun(SamplingPlan plan, INoiseSource? noise, DiffusionProcess process) : SchedulerRun(plan, noise)
{
    protected DiffusionProcess Process => process;

    protected override double InputScale => 1 / Math.Sqrt(Sigmas[StepIndex] * Sigmas[StepIndex] + 1);

    protected override NoiseLevel NoisyLevel => NoiseLevel.VarianceExploding(Sigmas[StepIndex]);

    /// <summary>Predicted x_0, as a new tensor.</summary>
    protected Tensor Clean(Tensor output, Tensor sample, double sigma)
    {
        NoiseLevel level = NoiseLevel.VariancePreserving(sigma);
        PredictionWeights weights = process.CleanWeights(level);
        return LinearCombination.Compute((weights.Noisy * level.Alpha, sample), (weights.Prediction, output));
    }

    /// <summary>The slope dx/dσ = (x − x_0)/σ of the probability flow (Karras et al. 2022, equation 3), as a new tensor.</summary>
    protected static Tensor Slope(Tensor sample, Tensor clean, double sigma) =>
        LinearCombination.Compute((1 / sigma, sample), (-1 / sigma, clean));
}
