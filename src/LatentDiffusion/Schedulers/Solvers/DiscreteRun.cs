using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A run over integer timesteps of a variance-preserving schedule.</summary>
internal abstract class DiscreteRun(SamplingPlan plan, INoiseSource? noise, NoiseSchedule schedule, PredictionType prediction)
    : SchedulerRun(plan, noise)
{
    protected override NoiseLevel NoisyLevel => LevelAt((int)Timestep);

    /// <summary>The signal's share ᾱ_t.</summary>
    protected double AlphaBar(int timestep) => schedule.AlphasCumprod[timestep];

    protected NoiseLevel LevelAt(int timestep) => NoiseLevel.FromAlphaBar(AlphaBar(timestep));

    /// <summary>Predicted x_0, unbounded, as a new tensor.</summary>
    protected Tensor Clean(Tensor output, Tensor sample, NoiseLevel at)
    {
        OutputWeights weights = OutputWeights.ToClean(prediction, at);
        return LinearCombination.Of((weights.Sample, sample), (weights.Output, output));
    }

    /// <summary>Predicted ε, as a new tensor.</summary>
    protected Tensor Noise(Tensor output, Tensor sample, NoiseLevel at)
    {
        OutputWeights weights = OutputWeights.ToNoise(prediction, at);
        return LinearCombination.Of((weights.Sample, sample), (weights.Output, output));
    }
}
