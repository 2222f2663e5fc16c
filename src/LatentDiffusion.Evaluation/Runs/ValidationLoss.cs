using System.ComponentModel.DataAnnotations;
using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Evaluation;

/// <summary>
/// The simple loss (Ho et al. 2020, equation 14) over fixed images, with fixed noise at fixed timesteps, so that two validations
/// differ only by the weights. Timesteps are stratified: each image is measured once in each of equal parts of the schedule, which
/// has far less variance than independent draws. Captions are not dropped. It has separate random generators, so that a training
/// run is the same with and without validations.
/// </summary>
public sealed class ValidationLoss
{
    private readonly ITrainableDenoiser _denoiser;
    private readonly ITextConditioning _text;
    private readonly LatentCache _data;
    private readonly LatentScaling _scaling;
    private readonly DiffusionProcess _process;
    private readonly SizeConditioningRows? _sizes;
    private readonly ValidationOptions _options;
    private readonly Pair[] _pairs;
    private readonly int _imageCount;

    /// <summary>Prepares validations of networks, which may be in training in the meantime.</summary>
    /// <param name="denoiser">The denoiser, which may be in training meanwhile.</param>
    /// <param name="text">The captions of the validation set, by row of <paramref name="data"/>; not disposed.</param>
    /// <param name="data">Latents of the validation set, and sizes for a U-Net with size conditioning; not disposed.</param>
    /// <param name="scaling">How the latents are scaled; <see cref="LatentScaling.None"/> if they already are.</param>
    /// <param name="process">The forward process and the network's prediction type.</param>
    /// <param name="options">Extent of a validation; null for the defaults.</param>
    /// <exception cref="ArgumentException">The data has fewer than two images, lacks the sizes, or would be scaled twice.</exception>
    /// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
    public ValidationLoss(
        ITrainableDenoiser denoiser, ITextConditioning text, LatentCache data, LatentScaling scaling, DiffusionProcess process,
        ValidationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(scaling);
        ArgumentNullException.ThrowIfNull(process);
        if (data.Count < 2)
            throw new ArgumentException($"A validation set of {data.Count} images is too small; expected 2 or more.", nameof(data));
        if (data.IsScaled && scaling != LatentScaling.None)
            throw new ArgumentException(
                $"The cache's latents are scaled already, and would be scaled again by {scaling}: "
                + $"pass {nameof(LatentScaling)}.{nameof(LatentScaling.None)}.", nameof(scaling));
        (_denoiser, _text, _data, _scaling, _process) = (denoiser, text, data, scaling, process);
        _options = ValidOptions.Check(options ?? new ValidationOptions());
        if (denoiser.Description.ReadsGuidanceScale != _options.GuidanceScale is not null)
        {
            throw new ArgumentException(
                $"{nameof(options.GuidanceScale)} is {_options.GuidanceScale?.ToString(CultureInfo.InvariantCulture) ?? "null"}; "
                + $"expected {(_options.GuidanceScale is null ? "a scale, which the denoiser reads" : "null: the denoiser reads none")}.",
                nameof(options));
        }

        _sizes = SizeConditioningRows.Create(denoiser.Description, data, score: null);
        _imageCount = (int)Math.Min(data.Count, _options.ImageCount);
        _pairs = Stratify(_imageCount, _options.TimestepsPerImage, process.TrainingTimesteps, _options.Seed);
    }

    /// <summary>
    /// Processes that measure together, each a part of the evaluations: all of them measure the same, and all receive the result. Null, the
    /// default, for one process.
    /// </summary>
    public IProcessGroup? Processes { get; init; }

    /// <summary>Measures the loss with the current weights. The caller sets the networks' mode, usually to evaluation.</summary>
    public LossEstimate Measure() => LossEstimate.FromLosses(PerImage());

    /// <summary>The loss of each image, as the mean over its timesteps, in the order of the data.</summary>
    public double[] PerImage()
    {
        using IDisposable noGrad = no_grad();
        double[] losses = new double[_imageCount];
        Pair[][] batches = [.. _pairs.Chunk(_options.BatchSize)];
        double[][] errors = Processes.ShareNumbers(batches.Length, i => Array.ConvertAll(Errors(batches[i]), error => (double)error));
        foreach ((Pair pair, double error) in _pairs.Zip(errors.SelectMany(e => e)))
            losses[pair.Image] += (float)error / _options.TimestepsPerImage;

        return losses;
    }

    private float[] Errors(Pair[] batch)
    {
        using DisposeScope scope = NewDisposeScope();
        Device device = _denoiser.Network.parameters().First().device;
        long[] rows = [.. batch.Select(p => (long)p.Image)];
        Tensor sample = _data.Read(rows).Add(-_scaling.Shift).Multiply(_scaling.Scale);
        Tensor noise = stack(batch.Select(p => Noise(p, sample.shape[1..])));
        double[] timesteps = [.. batch.Select(p => _process.NetworkTimestep(p.Timestep))];
        NoiseLevel[] levels = [.. timesteps.Select(_process.LevelAt)];
        Tensor noisy = Mixed(level => (level.Alpha, level.Sigma)), target = Mixed(_process.TargetWeights);
        Conditioning text = _text.Encode(tensor(rows), zeros(batch.Length, ScalarType.Bool)).Map(t => t.to(device));
        if (_sizes is not null) text = _sizes.AddTo(text, rows);
        var input = new DenoiserInput
        {
            Latents = noisy.to(device), Timesteps = timesteps, Conditioning = text,
            GuidanceScales = _options.GuidanceScale is { } scale ? [scale] : null,
        };
        Tensor prediction = _denoiser.Forward(input).cpu();
        // A network with learned variance has twice the output channels, the prediction first.
        return (prediction.narrow(1, 0, sample.shape[1]) - target).Square().flatten(1).mean([1L]).data<float>().ToArray();

        Tensor Mixed(Func<NoiseLevel, (double Clean, double Noise)> weights)
        {
            (double Clean, double Noise)[] each = [.. levels.Select(weights)];
            return (sample * Column(each.Select(s => s.Clean))).Add(noise * Column(each.Select(s => s.Noise)));
        }

        static Tensor Column(IEnumerable<double> values) => tensor(values.Select(v => (float)v).ToArray()).view(-1, 1, 1, 1);
    }

    // A seed for each pair, so that results do not depend on the batch size.
    private static Tensor Noise(Pair pair, long[] shape)
    {
        using var generator = new Generator(pair.Seed);
        return randn(shape, generator: generator);
    }

    private static Pair[] Stratify(int imageCount, int parts, int timesteps, ulong seed)
    {
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(SeedSequence.ForStep(seed, 0));
        float[] within = rand(imageCount, parts, generator: generator).data<float>().ToArray();
        return
        [
            .. from image in Enumerable.Range(0, imageCount)
               from part in Enumerable.Range(0, parts)
               let number = image * parts + part
               let timestep = (int)((part + (double)within[number]) * timesteps / parts)
               select new Pair(image, Math.Min(timestep, timesteps - 1), SeedSequence.ForStep(seed, number + 1)),
        ];
    }

    private readonly record struct Pair(int Image, int Timestep, ulong Seed);
}
