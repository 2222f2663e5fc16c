using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// The straight paths of rectified flow: x_t = (1−t)·x_0 + t·ε with the constant velocity ε − x_0 as target (Liu et al.
/// 2023; Esser et al. 2024, section 2), the time shifted towards noise as <see cref="FlowMatchEulerScheduler"/> does.
/// </summary>
/// <param name="options">Sampling of times, shift, offset noise and input perturbation.</param>
internal sealed class FlowProcess(DenoiserTrainingOptions options) : ForwardProcess(options)
{
    /// <summary>The network is told t times this, as the published models are.</summary>
    public const int TrainingTimesteps = 1000;

    private readonly double _shift = options.FlowTimeShift;

    public override NoisyBatch Draw(Tensor sample, Generator random)
    {
        Tensor drawn = Sampling.Draw((int)sample.shape[0], random).to(ScalarType.Float64);
        Tensor time = _shift == 1 ? drawn : drawn.Multiply(_shift) / drawn.Multiply(_shift - 1).Add(1);
        Tensor noise = Noise(sample, random);
        Tensor share = time.to(sample.dtype).view(-1, 1, 1, 1);
        Tensor noisy = (share.SubtractFrom(1) * sample).Add(share * Perturbed(noise, random));
        return new NoisyBatch(noisy, time.Multiply(TrainingTimesteps).to(ScalarType.Float32), noise - sample, null);
    }
}
