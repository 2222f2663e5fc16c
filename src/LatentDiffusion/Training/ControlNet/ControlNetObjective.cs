using System.ComponentModel.DataAnnotations;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// The loss of a ControlNet (Zhang et al. 2023, equation 5): that of the denoiser, whose U-Net and text encoders stay as they are. Until
/// it is disposed, their parameters need no gradients.
/// </summary>
public sealed class ControlNetObjective : ITrainingObjective, IDisposable
{
    private readonly DenoiserObjective _objective;
    private readonly FrozenNetworks _frozen;
    private readonly nn.Module[] _networks;
    private readonly ControlImageConditioning _images;
    private readonly IDisposable? _owned;

    /// <summary>Prepares the training of a ControlNet.</summary>
    /// <param name="control">The ControlNet, for example from <see cref="ControlNetModel.FromUNet"/>; the caller's.</param>
    /// <param name="model">A Stable Diffusion model (1.x, 2.x or XL); the caller's.</param>
    /// <param name="data">A cache that was made with this model.</param>
    /// <param name="images">
    /// The control images in the order of the cache's images, at the pixel size of these, for example <c>EdgeImages</c> over the source
    /// of the cache. A cache with <see cref="LatentCache.Variants"/> takes the same variants of them.
    /// </param>
    /// <param name="options">
    /// Batch size, prediction, weighting and noise. <see cref="DenoiserTrainingOptions.CaptionDropout"/> is 0.5 in the paper, so that the
    /// ControlNet also learns what captions do not say. Text encoders are not trained, whatever
    /// <see cref="DenoiserTrainingOptions.TrainTextEncoder"/> is.
    /// </param>
    /// <param name="text">Where texts come from, by the row of the cache; the caller's. Null, the default, for the model's text
    /// encoders.</param>
    /// <exception cref="ValidationException">An option is out of its range.</exception>
    /// <exception cref="ArgumentException">
    /// Options contradict each other or the model, or the number of control images does not fit; the message says which.
    /// </exception>
    /// <exception cref="InvalidOperationException">The ControlNet does not fit the model; the message says why.</exception>
    /// <exception cref="InvalidDataException">The model's parts contradict each other.</exception>
    /// <exception cref="NotSupportedException">The model is of another family, or keeps weights as its file stores them.</exception>
    public ControlNetObjective(
        ControlNetModel control, ModelComponents model, LatentCache data, ICaptionedImageSource images, DenoiserTrainingOptions options,
        ITextConditioning? text = null)
    {
        ArgumentNullException.ThrowIfNull(control);
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(options);
        options = options with { TrainTextEncoder = false };
        ModelTraining training = ModelTraining.Create(model, options);
        if (training.Parts.Denoiser is not UNetDenoiser unet)
            throw new NotSupportedException(
                $"ControlNets are trained for Stable Diffusion models, and this is a {model.Family.Name} model.");
        _networks = [.. model.Networks.Select(n => n.Network).Where(n => n == unet.Network || n is ClipTextModel)];
        foreach (nn.Module network in _networks)
            if (StoredLayers.Any(network)) throw StoredMatrix.CannotBeTrained(network.GetType().Name);
        ControlNetDescription description = UNetControlNet.Describe(control.Config);
        description.Check("in training", unet.Description, training.Parts.Autoencoder);
        long rows = data.Count / data.Variants;
        if (images.Count is { } count && count != rows)
            throw new ArgumentException($"There are {count} control images, and the cache has {rows} images.", nameof(images));
        if (data.Variants > 1 && !images.HasVariants)
            throw new ArgumentException(
                $"The cache has {data.Variants} variants of each image, and {images.GetType().Name} has one.", nameof(images));

        ITextConditioning texts = text ?? training.Texts(data, train: false);
        _owned = text is null ? texts as IDisposable : null;
        int factor = description.DownsamplingFactor;
        _images = new ControlImageConditioning(
            texts, images, (int)data.Shape[2] * factor, (int)data.Shape[1] * factor, data.Variants);
        _objective = new DenoiserObjective(
            new ControlledDenoiser(control, unet), _images, data, training.Scaling(data), training.Schedule(options), options);
        _frozen = new FrozenNetworks(_networks);
    }

    /// <inheritdoc />
    public IReadOnlyDictionary<string, nn.Module> Modules => _objective.Modules;

    /// <summary>Batches in which every image is seen once; the last may begin the next epoch.</summary>
    public long BatchesPerEpoch => _objective.BatchesPerEpoch;

    /// <inheritdoc />
    public IReadOnlyDictionary<string, string> Identity => _objective.Identity;

    IReadOnlyList<nn.Module> ITrainingObjective.FrozenNetworks => _networks;

    IReadOnlyList<string> ITrainingObjective.Warnings => ((ITrainingObjective)_objective).Warnings;

    IItemBatches? ITrainingObjective.ItemBatches => ((ITrainingObjective)_objective).ItemBatches;

    /// <inheritdoc />
    public Tensor Loss(TrainingStep step) => _objective.Loss(step);

    /// <inheritdoc />
    public IReadOnlyList<string> Items(long index) => _objective.Items(index);

    void ITrainingObjective.UseSeed(ulong seed) => ((ITrainingObjective)_objective).UseSeed(seed);

    /// <summary>Disposes the objective's tensors and gives the networks' parameters back whether they need gradients.</summary>
    public void Dispose()
    {
        _frozen.Dispose();
        _objective.Dispose();
        _images.Dispose();
        _owned?.Dispose();
    }
}
