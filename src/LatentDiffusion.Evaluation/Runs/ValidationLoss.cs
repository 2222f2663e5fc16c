using System.ComponentModel.DataAnnotations;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Evaluation;

/// <summary>
/// The simple loss (Ho et al. 2020, equation 14) over fixed pictures, with fixed noise at fixed timesteps, so that two
/// validations differ by the weights alone. Timesteps are stratified: each picture is measured once in each of equal parts
/// of the schedule, which leaves far less to chance than free draws. No caption is dropped. Draws from generators of its
/// own, so that a training run is the same with validations and without.
/// </summary>
public sealed class ValidationLoss
{
    private readonly UNet2DConditionModel _network;
    private readonly ClipTextModel _textModel;
    private readonly LatentCache _data;
    private readonly NoiseSchedule _schedule;
    private readonly PredictionType _prediction;
    private readonly ValidationOptions _options;
    private readonly double _scale, _shift;
    private readonly Pair[] _pairs;
    private readonly int _pictures;

    /// <summary>Prepares validations of networks, which may be in training meanwhile.</summary>
    /// <param name="network">The U-Net.</param>
    /// <param name="textModel">The text encoder.</param>
    /// <param name="data">Latents and captions of the validation set; stays the caller's.</param>
    /// <param name="scale">The denoiser works on (latents − shift)·scale.</param>
    /// <param name="shift">See <paramref name="scale"/>.</param>
    /// <param name="schedule">The forward process.</param>
    /// <param name="prediction">What the network predicts.</param>
    /// <param name="options">How much is measured; null for the defaults.</param>
    /// <exception cref="ArgumentException">The data hold fewer than two pictures.</exception>
    /// <exception cref="NotSupportedException">The prediction type is none of a discrete schedule.</exception>
    /// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
    public ValidationLoss(
        UNet2DConditionModel network, ClipTextModel textModel, LatentCache data, double scale, double shift, NoiseSchedule schedule,
        PredictionType prediction, ValidationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(textModel);
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(schedule);
        options ??= new ValidationOptions();
        Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true);
        if (prediction == PredictionType.Flow)
            throw new NotSupportedException("A discrete noise schedule has no flow; choose Epsilon, Velocity or Sample.");
        if (data.Count < 2) throw new ArgumentException($"A validation set of {data.Count} pictures is too small; expected 2 or more.", nameof(data));
        (_network, _textModel, _data, _schedule, _prediction, _options) = (network, textModel, data, schedule, prediction, options);
        (_scale, _shift) = (scale, shift);
        _pictures = (int)Math.Min(data.Count, options.Pictures);
        _pairs = Stratify(_pictures, options.TimestepsPerPicture, schedule.Timesteps, options.Seed);
    }

    /// <summary>Measures the loss with the weights as they are. The networks' mode is the caller's: evaluation mode, as a rule.</summary>
    public LossEstimate Measure() => LossEstimate.Of(PerPicture());

    /// <summary>The loss of each picture, a mean over its timesteps, in the order of the data.</summary>
    public double[] PerPicture()
    {
        using IDisposable noGrad = no_grad();
        double[] losses = new double[_pictures];
        for (int start = 0; start < _pairs.Length; start += _options.BatchSize)
        {
            Pair[] batch = _pairs[start..Math.Min(start + _options.BatchSize, _pairs.Length)];
            float[] errors = Errors(batch);
            for (int i = 0; i < batch.Length; i++) losses[batch[i].Picture] += errors[i] / _options.TimestepsPerPicture;
        }

        return losses;
    }

    private float[] Errors(Pair[] batch)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor index = tensor(batch.Select(p => (long)p.Picture).ToArray()), timesteps = tensor(batch.Select(p => p.Timestep).ToArray());
        Tensor sample = (_data.Latents.index_select(0, index).to(ScalarType.Float32) - _shift) * _scale;
        Tensor noise = stack(batch.Select(p => Noise(p, sample.shape[1..])));
        Tensor noisy = _schedule.AddNoise(sample, noise, timesteps);
        Tensor text = _textModel.call(_data.Ids.index_select(0, index)).LastHiddenState;
        Tensor prediction = _network.call(new UNetInput(noisy.to(text.dtype), timesteps, text)).to(ScalarType.Float32);
        Tensor target = _prediction switch
        {
            PredictionType.Epsilon => noise,
            PredictionType.Velocity => _schedule.Velocity(sample, noise, timesteps),
            _ => sample,
        };
        return (prediction - target).square().flatten(1).mean([1L]).data<float>().ToArray();
    }

    // A seed for each pair, so that the batch size changes nothing.
    private static Tensor Noise(Pair pair, long[] shape)
    {
        using var generator = new Generator(pair.Seed);
        return randn(shape, generator: generator);
    }

    private static Pair[] Stratify(int pictures, int parts, int timesteps, ulong seed)
    {
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(StepSeed.Of(seed, 0));
        float[] within = rand(pictures, parts, generator: generator).data<float>().ToArray();
        return
        [
            .. from picture in Enumerable.Range(0, pictures)
               from part in Enumerable.Range(0, parts)
               let number = picture * parts + part
               let timestep = (long)((part + (double)within[number]) * timesteps / parts)
               select new Pair(picture, Math.Min(timestep, timesteps - 1), StepSeed.Of(seed, number + 1)),
        ];
    }

    private readonly record struct Pair(int Picture, long Timestep, ulong Seed);
}
