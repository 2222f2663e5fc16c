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
    private readonly ITextConditioning _text;
    private readonly LatentCache _data;
    private readonly LatentScaling _scaling;
    private readonly DenoisingProcess _process;
    private readonly SizeConditioningRows? _sizes;
    private readonly ValidationOptions _options;
    private readonly Pair[] _pairs;
    private readonly int _pictures;

    /// <summary>Prepares validations of networks, which may be in training meanwhile.</summary>
    /// <param name="network">The U-Net.</param>
    /// <param name="text">The captions of the validation set, by the row of <paramref name="data"/>; stays the caller's.</param>
    /// <param name="data">Latents of the validation set, and sizes for a U-Net that is told of them; stays the caller's.</param>
    /// <param name="scaling">How the latents are scaled; <see cref="LatentScaling.None"/> for those that are already.</param>
    /// <param name="process">The forward process, and what the network predicts of it.</param>
    /// <param name="options">How much is measured; null for the defaults.</param>
    /// <exception cref="ArgumentException">The data hold fewer than two pictures, lack the sizes, or are scaled twice.</exception>
    /// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
    public ValidationLoss(
        UNet2DConditionModel network, ITextConditioning text, LatentCache data, LatentScaling scaling, DenoisingProcess process, ValidationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(scaling);
        ArgumentNullException.ThrowIfNull(process);
        if (data.Count < 2) throw new ArgumentException($"A validation set of {data.Count} pictures is too small; expected 2 or more.", nameof(data));
        if (data.IsScaled && scaling != LatentScaling.None)
            throw new ArgumentException($"The cache's latents are scaled already, and would be so again by {scaling}: give {nameof(LatentScaling)}.{nameof(LatentScaling.None)}.", nameof(scaling));
        (_network, _text, _data, _scaling, _process, _options) = (network, text, data, scaling, process, ValidOptions.Check(options ?? new ValidationOptions()));
        _sizes = SizeConditioningRows.Of(network.Config, data, score: null);
        _pictures = (int)Math.Min(data.Count, _options.Pictures);
        _pairs = Stratify(_pictures, _options.TimestepsPerPicture, process.Timesteps, _options.Seed);
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
        TorchSharp.Modules.Parameter parameter = _network.parameters().First();
        (ScalarType type, Device device) = (parameter.dtype, parameter.device);
        long[] rows = [.. batch.Select(p => (long)p.Picture)];
        Tensor sample = _data.Read(rows).Add(-_scaling.Shift).Multiply(_scaling.Scale), noise = stack(batch.Select(p => Noise(p, sample.shape[1..])));
        Tensor noisy = Mixed(sample, noise, _process.Level), target = Mixed(sample, noise, _process.Target);
        Tensor times = tensor(batch.Select(p => (float)_process.NetworkTimestep(p.Timestep)).ToArray());
        Conditioning text = _text.Encode(tensor(rows), zeros(batch.Length, ScalarType.Bool));
        var input = new UNetInput(noisy.to(type, device), times.to(device), text.HiddenStates.to(type, device))
        {
            Mask = text.Mask?.to(device), TextEmbeds = text.Pooled?.to(type, device), TimeIds = _sizes?.Read(rows, text.Pooled).to(device),
        };
        Tensor prediction = _network.call(input).to(ScalarType.Float32, CPU);
        // A network with learned variance gives twice the channels, the prediction first.
        return (prediction.narrow(1, 0, sample.shape[1]) - target).Square().flatten(1).mean([1L]).data<float>().ToArray();

        Tensor Mixed(Tensor clean, Tensor noise, Func<int, (double Clean, double Noise)> shares)
        {
            (double Clean, double Noise)[] each = [.. batch.Select(p => shares(p.Timestep))];
            return (clean * Column(each.Select(s => s.Clean))).Add(noise * Column(each.Select(s => s.Noise)));
        }

        static Tensor Column(IEnumerable<double> values) => tensor(values.Select(v => (float)v).ToArray()).view(-1, 1, 1, 1);
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
        using var generator = new Generator(SeedSequence.Of(seed, 0));
        float[] within = rand(pictures, parts, generator: generator).data<float>().ToArray();
        return
        [
            .. from picture in Enumerable.Range(0, pictures)
               from part in Enumerable.Range(0, parts)
               let number = picture * parts + part
               let timestep = (int)((part + (double)within[number]) * timesteps / parts)
               select new Pair(picture, Math.Min(timestep, timesteps - 1), SeedSequence.Of(seed, number + 1)),
        ];
    }

    private readonly record struct Pair(int Picture, int Timestep, ulong Seed);
}
