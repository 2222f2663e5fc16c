using System.ComponentModel.DataAnnotations;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// The simple loss (Ho et al. 2020, equation 14; Rombach et al. 2022, equation 3): the mean squared error of the
/// prediction at a uniformly drawn timestep, for text encoder and U-Net together.
/// </summary>
public sealed class DenoiserObjective : ITrainingObjective, IDisposable
{
    private readonly UNet2DConditionModel _network;
    private readonly ClipTextModel _textModel;
    private readonly LatentCache _data;
    private readonly NoiseSchedule _schedule;
    private readonly DenoiserTrainingOptions _options;
    private readonly BatchIndices _indices;
    private readonly Tensor _emptyIds;
    private readonly double _shift, _scale;

    /// <summary>Prepares the objective.</summary>
    /// <param name="network">The U-Net.</param>
    /// <param name="textModel">The text encoder, trained with it.</param>
    /// <param name="tokenizer">Its tokenizer, for the empty caption.</param>
    /// <param name="autoencoder">Configuration of the autoencoder, for scaling and shift.</param>
    /// <param name="data">Latents and captions.</param>
    /// <param name="schedule">The forward process.</param>
    /// <param name="options">Batch size, prediction and dropout.</param>
    /// <exception cref="ValidationException">An option is out of its range.</exception>
    /// <exception cref="NotSupportedException">The prediction type is none of a discrete schedule.</exception>
    public DenoiserObjective(
        UNet2DConditionModel network, ClipTextModel textModel, ClipTokenizer tokenizer, AutoencoderKLConfig autoencoder, LatentCache data,
        NoiseSchedule schedule, DenoiserTrainingOptions options)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(autoencoder);
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(options);
        Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true);
        if (options.PredictionType == PredictionType.Flow)
            throw new NotSupportedException("A discrete noise schedule has no flow; choose Epsilon, Velocity or Sample.");
        (_network, _textModel, _data, _schedule, _options) = (network, textModel, data, schedule, options);
        (_shift, _scale) = (autoencoder.ShiftFactor ?? 0, autoencoder.ScalingFactor);
        _indices = new BatchIndices(data.Count, options.BatchSize);
        _emptyIds = tensor(tokenizer.Encode("").Ids).DetachFromDisposeScope();
        Modules = new Dictionary<string, nn.Module> { ["unet"] = network, ["text_encoder"] = textModel };
    }

    /// <inheritdoc />
    public IReadOnlyDictionary<string, nn.Module> Modules { get; }

    /// <inheritdoc />
    public Tensor Loss(TrainingStep step)
    {
        ArgumentNullException.ThrowIfNull(step);
        int batch = _options.BatchSize;
        Generator random = step.Generator;
        Tensor index = tensor(_indices.Of(step.Index));
        Tensor sample = (_data.Latents.index_select(0, index).to(ScalarType.Float32) - _shift) * _scale;
        Tensor dropped = rand(batch, generator: random).less(_options.CaptionDropout).unsqueeze(1);
        Tensor ids = where(dropped, _emptyIds, _data.Ids.index_select(0, index));
        Tensor timesteps = randint(0, _schedule.Timesteps, [batch], dtype: ScalarType.Int64, generator: random);
        Tensor noise = randn(sample.shape, generator: random);

        Tensor noisy = _schedule.AddNoise(sample, noise, timesteps);
        Tensor text = _textModel.call(ids).LastHiddenState;
        Tensor prediction = _network.call(new UNetInput(noisy.to(text.dtype), timesteps, text)).to(ScalarType.Float32);
        Tensor target = _options.PredictionType switch
        {
            PredictionType.Epsilon => noise,
            PredictionType.Velocity => _schedule.Velocity(sample, noise, timesteps),
            _ => sample,
        };
        return nn.functional.mse_loss(prediction, target);
    }

    /// <summary>Disposes what the objective made; networks and data are the caller's.</summary>
    public void Dispose() => _emptyIds.Dispose();
}
