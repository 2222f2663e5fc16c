using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>The forward process of a discrete schedule: x_t = √ᾱ_t·x_0 + √(1−ᾱ_t)·ε (Ho et al. 2020, equation 4).</summary>
internal sealed class DiscreteProcess : ForwardProcess
{
    private readonly NoiseSchedule _schedule;
    private readonly PredictionType _prediction;
    private readonly double[]? _weights;

    /// <exception cref="ArgumentException">A weight is not a number of at least 0; the message names the timestep.</exception>
    public DiscreteProcess(NoiseSchedule schedule, DenoiserTrainingOptions options) : base(options)
    {
        (_schedule, _prediction) = (schedule, options.PredictionType);
        if (options.Weighting is UniformWeighting) return;
        _weights = [.. Enumerable.Range(0, schedule.Timesteps).Select(t => options.Weighting.At(schedule, _prediction, t))];
        int bad = Array.FindIndex(_weights, w => !(w >= 0 && double.IsFinite(w)));
        if (bad >= 0)
            throw new ArgumentException($"{options.Weighting} gives timestep {bad} the weight {_weights[bad]} for {_prediction}; expected a finite number, at least 0.", nameof(options));
    }

    public override NoisyBatch Draw(Tensor sample, Generator random)
    {
        Tensor timesteps = Timesteps((int)sample.shape[0], random);
        Tensor noise = Noise(sample, random);
        Tensor noisy = _schedule.AddNoise(sample, Perturbed(noise, random), timesteps);
        Tensor target = _prediction switch
        {
            PredictionType.Epsilon => noise,
            PredictionType.Velocity => _schedule.Velocity(sample, noise, timesteps),
            _ => sample,
        };
        Tensor? weights = _weights is null ? null : tensor(timesteps.data<long>().Select(t => _weights[t]).ToArray()).to(sample.dtype);
        return new NoisyBatch(noisy, timesteps, target, weights);
    }

    private Tensor Timesteps(int batch, Generator random)
    {
        if (Sampling is UniformTimesteps) return randint(0, _schedule.Timesteps, [batch], dtype: ScalarType.Int64, generator: random);
        return Sampling.Draw(batch, random).Multiply(_schedule.Timesteps).to(ScalarType.Int64).Clamp(0, _schedule.Timesteps - 1);
    }
}
