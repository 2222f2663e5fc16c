using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>Draws times and noise for a batch, and computes the targets of the noisy samples.</summary>
internal sealed class NoisyBatchSampler
{
    private readonly DiffusionProcess _process;
    private readonly DenoiserTrainingOptions _options;
    private readonly double[]? _weights;

    /// <param name="process">The diffusion process.</param>
    /// <param name="options">Sampling of times, weighting, offset noise and input perturbation.</param>
    /// <exception cref="ArgumentException">A weight is not a number of at least 0; the message names the timestep.</exception>
    public NoisyBatchSampler(DiffusionProcess process, DenoiserTrainingOptions options)
    {
        (_process, _options) = (process, options);
        if (process.Schedule is not { } schedule || options.Weighting is UniformWeighting) return;
        _weights = [.. Enumerable.Range(0, schedule.Timesteps).Select(t => options.Weighting.At(schedule, process.PredictionType, t))];
        int bad = Array.FindIndex(_weights, w => !(w >= 0 && double.IsFinite(w)));
        if (bad < 0) return;
        throw new ArgumentException(
            $"{options.Weighting} gives timestep {bad} the weight {_weights[bad]} for {process.PredictionType}; "
            + "expected a finite number, at least 0.",
            nameof(options));
    }

    /// <summary>Makes a noisy batch.</summary>
    /// <param name="sample">Clean samples, [batch, channels, height, width].</param>
    /// <param name="random">Source of everything random.</param>
    public NoisyBatch Draw(Tensor sample, Generator random)
    {
        Tensor timesteps = Timesteps((int)sample.shape[0], random);
        Tensor noise = Noise(sample, random);
        Tensor noisy = _process.AddNoise(sample, Perturbed(noise, random), timesteps);
        Tensor? weights = _weights is null ? null
            : tensor(timesteps.data<long>().Select(t => _weights[t]).ToArray()).to(sample.dtype);
        Tensor input = _process.Schedule is null ? timesteps.to(ScalarType.Float32) : timesteps;
        return new NoisyBatch(noisy, input, _process.Target(sample, noise, timesteps), weights);
    }

    private Tensor Timesteps(int batch, Generator random)
    {
        TimestepSampling sampling = _options.Timesteps;
        int count = _process.TrainingTimesteps;
        if (_process.Schedule is null) return Shifted(sampling.Draw(batch, random).to(ScalarType.Float64)).Multiply(count);
        if (sampling is UniformTimesteps) return randint(0, count, [batch], dtype: ScalarType.Int64, generator: random);
        return sampling.Draw(batch, random).Multiply(count).to(ScalarType.Int64).Clamp(0, count - 1);
    }

    /// <summary>Times of a flow, shifted towards noise as <see cref="FlowMatchEulerScheduler"/> does.</summary>
    private Tensor Shifted(Tensor time) => _options.FlowTimeShift is var shift && shift == 1 ? time
        : time.Multiply(shift) / time.Multiply(shift - 1).Add(1);

    /// <summary>The noise that is learned, with an optional offset per channel.</summary>
    private Tensor Noise(Tensor sample, Generator random)
    {
        Tensor noise = randn(sample.shape, generator: random).to(sample.dtype);
        if (_options.OffsetNoise == 0) return noise;
        Tensor offset = randn([sample.shape[0], sample.shape[1], 1, 1], generator: random).to(sample.dtype);
        return noise.Add(offset.Multiply(_options.OffsetNoise));
    }

    /// <summary>The noise that is added: the learned one, optionally perturbed (Ning et al. 2023, equation 8).</summary>
    private Tensor Perturbed(Tensor noise, Generator random) => _options.InputPerturbation == 0 ? noise
        : noise.Add(randn(noise.shape, generator: random).to(noise.dtype).Multiply(_options.InputPerturbation));
}
