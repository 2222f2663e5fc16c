using System.ComponentModel.DataAnnotations;
using System.Globalization;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// The loss of a denoiser: the weighted mean squared error of its prediction at drawn times (Ho et al. 2020, equations
/// 12 and 14; Rombach et al. 2022, equation 3; Esser et al. 2024, section 2 for flows), optionally with the
/// variance's part (Nichol &amp; Dhariwal 2021, equation 16).
/// </summary>
/// <example>
/// <code>
/// using LatentDiffusion.Checkpoints;
/// using LatentDiffusion.Data;
/// using LatentDiffusion.Models;
/// using LatentDiffusion.Training;
///
/// var images = new PreparedImages(CaptionedImages.Open("photos"), new PreparedImagesOptions { Width = 512, Height = 512 });
/// using ModelComponents model = DiffusersFolder.Read("models/stable-diffusion-v1-5");
/// using LatentCache latents = LatentCache.Open("latents.safetensors", images.ComputeCacheKey(), model, images, images.Count!.Value);
///
/// DenoiserTrainingOptions options = new()
/// {
///     BatchSize = 4, CaptionDropout = 0.1, Weighting = new MinSnrWeighting(), TrainTextEncoder = false,
/// };
/// using var objective = new DenoiserObjective(model, latents, options);
/// new Trainer(new TrainingOptions { Steps = 2000 }).Run(objective, "run");
/// </code>
/// </example>
public sealed class DenoiserObjective : ITrainingObjective, IItemBatches, IDisposable
{
    private readonly ITrainableDenoiser _denoiser;
    private readonly ITextConditioning _text;
    private readonly LatentCache _data;
    private readonly LatentScaling _scaling;
    private readonly DenoiserTrainingOptions _options;
    private readonly NoisyBatchSampler _batches;
    private readonly SizeConditioningRows? _sizes;
    private readonly LearnedVarianceLoss? _variance;
    private readonly double _varianceScale;
    private readonly BatchIndices _indices;
    private readonly IDisposable? _owned;

    /// <summary>Prepares the fine-tuning of a whole model.</summary>
    /// <param name="model">
    /// The model: its denoising network is trained and, unless the options say otherwise, its text encoders. The autoencoder does
    /// not change.
    /// </param>
    /// <param name="data">
    /// A cache that
    /// <see cref="LatentCache.Open(string, string, ModelComponents, ICaptionedImageSource, long,
    /// LatentCacheOptions?, IProgress{long}?, CancellationToken)"/>
    /// made with this model.
    /// </param>
    /// <param name="options">Batch size, prediction (which must be the model's), weighting and noise.</param>
    /// <exception cref="ValidationException">An option is out of its range.</exception>
    /// <exception cref="ArgumentException">Options contradict each other or the model, or the cache lacks an input of the model;
    /// the
    /// message says which.</exception>
    /// <param name="text">
    /// Where texts come from, by the row of the cache; the caller's. Null, the default, for the model's text encoders.
    /// </param>
    /// <exception cref="InvalidDataException">The model's parts contradict each other.</exception>
    /// <exception cref="NotSupportedException">Models of its family cannot be trained, or need <paramref name="text"/>.</exception>
    public DenoiserObjective(ModelComponents model, LatentCache data, DenoiserTrainingOptions options, ITextConditioning? text = null)
        : this(ModelTraining.Create(model, options), data, options, text)
    {
    }

    private DenoiserObjective(ModelTraining model, LatentCache data, DenoiserTrainingOptions options, ITextConditioning? text)
        : this(
            model.Parts.Denoiser, text ?? model.Texts(data, options.TrainTextEncoder), data, model.Scaling(data), model.Schedule(options),
            options) =>
        _owned = text is null ? _text as IDisposable : null;

    /// <summary>Prepares the objective for a CLIP text tower.</summary>
    /// <param name="denoiser">The denoiser, whose network is trained.</param>
    /// <param name="textModel">The text encoder, trained with it unless the options say otherwise.</param>
    /// <param name="tokenizer">Its tokenizer, for the empty caption.</param>
    /// <param name="autoencoder">Configuration of the autoencoder, for the scaling and shift of latents that are not scaled
    /// already.</param>
    /// <param name="data">Latents and captions. Where it keeps standard deviations, latents are drawn from the posterior.</param>
    /// <param name="schedule">The forward process; null for a flow, which has no discrete one.</param>
    /// <param name="options">Batch size, prediction, weighting and noise.</param>
    /// <exception cref="ValidationException">An option is out of its range.</exception>
    /// <exception cref="ArgumentException">Options contradict each other, the schedule or the network; the message says which.</exception>
    public DenoiserObjective(
        ITrainableDenoiser denoiser, ClipTextModel textModel, ClipTokenizer tokenizer, AutoencoderKLConfig autoencoder, LatentCache data,
        NoiseSchedule? schedule, DenoiserTrainingOptions options)
        : this(
            denoiser, Clip(textModel, tokenizer, data, options), data,
            data.IsScaled ? LatentScaling.None : LatentScaling.FromConfig(autoencoder), schedule, options) =>
        _owned = (IDisposable)_text;

    /// <summary>Prepares the objective for texts from anywhere.</summary>
    /// <param name="denoiser">The denoiser, whose network is trained.</param>
    /// <param name="text">Where texts come from, by the row of the cache; the caller's.</param>
    /// <param name="data">
    /// Latents, and for a U-Net conditioned on them the images' sizes. Where it keeps standard deviations, latents are
    /// drawn from the posterior.
    /// </param>
    /// <param name="scaling">How the latents are scaled; <see cref="LatentScaling.None"/> for those that are already.</param>
    /// <param name="schedule">The forward process; null for a flow, which has no discrete one.</param>
    /// <param name="options">Batch size, prediction, weighting and noise. Whether a text encoder is trained is the text's to say.</param>
    /// <exception cref="ValidationException">An option is out of its range.</exception>
    /// <exception cref="ArgumentException">Options contradict each other, the schedule or the network; the message says which.</exception>
    public DenoiserObjective(
        ITrainableDenoiser denoiser, ITextConditioning text, LatentCache data, LatentScaling scaling, NoiseSchedule? schedule,
        DenoiserTrainingOptions options)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(scaling);
        ValidOptions.Check(options);
        ValidOptions.Check(options.Weighting);
        ValidOptions.Check(options.Timesteps);
        Refuse(
            !options.TrainTextEncoder && text.Modules.Count > 0,
            $"TrainTextEncoder is false, and the texts train {string.Join(", ", text.Modules.Keys)}");
        Refuse(
            data.IsScaled && scaling != LatentScaling.None,
            $"The cache's latents are scaled already, and would be so again by {scaling}: "
                + $"give {nameof(LatentScaling)}.{nameof(LatentScaling.None)}");
        DenoiserDescription description = denoiser.Description;
        if (options.GuidanceScale is { } scale)
            Refuse(!description.ReadsGuidanceScale, $"GuidanceScale is {scale}, and the denoiser reads none");
        else
            Refuse(
                description.ReadsGuidanceScale,
                "GuidanceScale is null, and the denoiser learned guidance: give the scale that it reads in training");
        CheckChannels(description, data.Shape[0], options.LearnedVariance);
        (_denoiser, _text, _data, _scaling, _options) = (denoiser, text, data, scaling, options);
        DiffusionProcess process = Process(schedule, options);
        _batches = new NoisyBatchSampler(process, options);
        _sizes = SizeConditioningRows.Create(description, data, options.AestheticScore);
        if (options.LearnedVariance)
        {
            _variance = new LearnedVarianceLoss(process);
            // The bound is a sum over timesteps, of which one is drawn.
            _varianceScale = options.VariationalWeight * schedule!.Timesteps;
        }

        _indices = new BatchIndices(data.Count, options.BatchSize, () => text.DataKey(data));
        Modules = new Dictionary<string, nn.Module>(text.Modules) { [denoiser.ComponentName] = denoiser.Network };
    }

    /// <inheritdoc />
    public IReadOnlyDictionary<string, nn.Module> Modules { get; }

    /// <summary>Batches in which every image is seen once; the last may begin the next epoch.</summary>
    public long BatchesPerEpoch => (_data.Count + _options.BatchSize - 1) / _options.BatchSize;

    /// <summary>Names of the cache's rows, for messages; null for their numbers.</summary>
    public Func<long, string>? RowName { get; init; }

    /// <inheritdoc />
    public IReadOnlyDictionary<string, string> Identity => _indices.Identity;

    /// <inheritdoc />
    public IReadOnlyList<string> Items(long index) => [.. _indices.IndicesFor(index).Select(NameOf)];

    IReadOnlyList<string> ITrainingObjective.Warnings => [.. _indices.Warnings];

    IItemBatches ITrainingObjective.ItemBatches => this;

    void ITrainingObjective.UseSeed(ulong seed) => _indices.Seed = seed;

    long[] IItemBatches.Numbers(long index, ItemSelection? selection) => _indices.IndicesFor(index, selection);

    string IItemBatches.NameOf(long number) => NameOf(number);

    /// <inheritdoc />
    public Tensor Loss(TrainingStep step)
    {
        ArgumentNullException.ThrowIfNull(step);
        ScalarType type = NetworkUse.TypeOf(_denoiser.Network), wide = type == ScalarType.Float64 ? type : ScalarType.Float32;
        Device device = NetworkUse.DeviceOf(_denoiser.Network);
        long[] rows = _indices.IndicesFor(step.Index, step.Selection);
        Tensor index = tensor(rows);
        Tensor sample = _data.Read(rows, _data.HasPosterior ? step.Generator : null).to(wide).Add(-_scaling.Shift).Multiply(_scaling.Scale);
        Tensor dropped = rand(_options.BatchSize, generator: step.Generator).less(_options.CaptionDropout);
        // Drawn on the CPU, so that a seed means the same everywhere.
        (Tensor noisy, Tensor timesteps, Tensor target, Tensor? weights) = _batches.Draw(sample, step.Generator);
        (noisy, target, weights) = (noisy.to(device), target.to(device), weights?.to(device));

        Conditioning text = _text.Encode(index, dropped, _indices.Epochs(step.Index)).Map(t => t.to(device));
        if (_text is IReadsAhead files) files.Expect(_indices.IndicesFor(step.Index + 1, step.Selection));
        if (_sizes is not null) text = _sizes.AddTo(text, rows);
        double[] times = timesteps.to(ScalarType.Float64).data<double>().ToArray();
        Tensor output = _denoiser.Forward(new DenoiserInput
        {
            Latents = noisy, Timesteps = times, Conditioning = text, GuidanceScales = _options.GuidanceScale is { } scale ? [scale] : null,
        });
        Tensor prediction = _variance is null ? output : output.narrow(1, 0, sample.shape[1]);
        Tensor loss = Error(prediction, target, weights);
        if (_variance is null) return loss;

        Tensor variance = output.narrow(1, sample.shape[1], sample.shape[1]);
        Tensor bound = _variance.Compute(sample.to(device), noisy, timesteps, prediction, variance).mean();
        step.Report("simple", loss);
        step.Report("variational", bound);
        return loss.Add(bound.Multiply(_varianceScale));
    }

    /// <summary>Disposes the objective's tensors; the caller keeps networks and data.</summary>
    public void Dispose() => _owned?.Dispose();

    private string NameOf(long row) => RowName?.Invoke(row) ?? row.ToString(CultureInfo.InvariantCulture);

    private Tensor Error(Tensor prediction, Tensor target, Tensor? weights)
    {
        if (weights is null && _options.HuberDelta is null) return nn.functional.mse_loss(prediction, target);
        Tensor square = (prediction - target).Square();
        Tensor error = _options.HuberDelta is { } delta ? square.Add(delta * delta).sqrt().Add(-delta).Multiply(2 * delta) : square;
        return weights is null ? error.mean() : (weights * error.flatten(1).mean([1])).mean();
    }

    private static DiffusionProcess Process(NoiseSchedule? schedule, DenoiserTrainingOptions options)
    {
        if (options.PredictionType != PredictionType.Flow)
        {
            Refuse(schedule is null, $"{options.PredictionType} needs a noise schedule, and none is given");
            Refuse(options.FlowTimeShift != 1, $"FlowTimeShift is {options.FlowTimeShift}, and {options.PredictionType} is not a flow");
            return new DiffusionProcess(schedule!, options.PredictionType);
        }

        Refuse(schedule is not null, "A flow has no discrete noise schedule; give null for it, or choose Epsilon, Velocity or Sample");
        Refuse(
            options.Weighting is not UniformWeighting,
            $"A flow is weighted by how its times are drawn; Weighting is {options.Weighting} and can be only {nameof(UniformWeighting)}");
        Refuse(options.LearnedVariance, "A flow has no variance to learn");
        return DiffusionProcess.Flow();
    }

    private static void CheckChannels(DenoiserDescription denoiser, long latents, bool learnedVariance)
    {
        Refuse(denoiser.InputChannels != latents, $"The network takes {denoiser.InputChannels} channels, and the latents have {latents}");
        long outputs = learnedVariance ? 2 * latents : latents;
        string variance = learnedVariance ? ", half of them for the variance" : "";
        Refuse(denoiser.OutputChannels != outputs, $"The network gives {denoiser.OutputChannels} channels; expected {outputs}{variance}");
    }

    private static void Refuse(bool condition, string why)
    {
        if (condition) throw new ArgumentException($"{why}.", "options");
    }

    private static ClipTextConditioning Clip(
        ClipTextModel textModel, ClipTokenizer tokenizer, LatentCache data, DenoiserTrainingOptions options)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(options);
        return new ClipTextConditioning(textModel, tokenizer, data.Ids, options.TrainTextEncoder);
    }
}
