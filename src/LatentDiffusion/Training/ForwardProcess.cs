using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>Draws times and noise for a batch and says what is to be predicted of the noisy samples.</summary>
/// <param name="options">Sampling of times, offset noise and input perturbation.</param>
internal abstract class ForwardProcess(DenoiserTrainingOptions options)
{
    /// <summary>How times are drawn.</summary>
    protected TimestepSampling Sampling => options.Timesteps;

    /// <summary>Makes a noisy batch.</summary>
    /// <param name="sample">Clean samples, [batch, channels, height, width].</param>
    /// <param name="random">Source of everything random.</param>
    public abstract NoisyBatch Draw(Tensor sample, Generator random);

    /// <summary>The noise that is learned, with an offset a channel where that is asked for.</summary>
    protected Tensor Noise(Tensor sample, Generator random)
    {
        Tensor noise = randn(sample.shape, generator: random).to(sample.dtype);
        if (options.OffsetNoise == 0) return noise;
        return noise.Add(randn([sample.shape[0], sample.shape[1], 1, 1], generator: random).to(sample.dtype).Multiply(options.OffsetNoise));
    }

    /// <summary>The noise that is added: the learned one, perturbed where that is asked for (Ning et al. 2023, equation 8).</summary>
    protected Tensor Perturbed(Tensor noise, Generator random) =>
        options.InputPerturbation == 0 ? noise : noise.Add(randn(noise.shape, generator: random).to(noise.dtype).Multiply(options.InputPerturbation));
}
