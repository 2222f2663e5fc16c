using static TorchSharp.torch;

namespace LatentDiffusion.Schedulers;

/// <summary>A run over integer timesteps of a variance-preserving schedule.</summary>
internal abstract class DiscreteRun(SamplingPlan plan, INoiseSource? noise, DiffusionProcess process) : SchedulerRun(plan, noise)
{
    protected override NoiseLevel NoisyLevel => LevelAt((int)Timestep);

    /// <summary>The signal's share ᾱ_t.</summary>
    protected double AlphaBar(int timestep) => process.Schedule!.AlphasCumprod[timestep];

    protected NoiseLevel LevelAt(int timestep) => NoiseLevel.FromAlphaBar(AlphaBar(timestep));

    /// <summary>Predicted x_0, unbounded, as a new tensor.</summary>
    protected Tensor Clean(Tensor output, Tensor sample, NoiseLevel at) => process.ToClean(output, sample, at);

    /// <summary>Predicted ε, as a new tensor.</summary>
    protected Tensor Noise(Tensor output, Tensor sample, NoiseLevel at) => process.ToNoise(output, sample, at);
}
