using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// What the losses of all autoencoders share: batches of images, the error of what is given back, and where asked for
/// a perceptual distance and a patch-adversarial term (Esser et al. 2021).
/// </summary>
public abstract class ReconstructionObjective : ITrainingObjective, IItemBatches
{
    private readonly nn.Module _network;
    private readonly ImageBatches _images;
    private readonly ReconstructionLoss _reconstruction;
    private readonly AdversarialLoss? _adversary;

    private protected ReconstructionObjective(
        nn.Module network, ICaptionedImageSource images, AutoencoderTrainingOptions options, IPerceptualFeatures? features,
        PatchDiscriminator? discriminator)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(images);
        (_network, Options) = (network, ValidOptions.Check(options));
        _images = new ImageBatches(images, options);
        _reconstruction = new ReconstructionLoss(options, features);
        (_adversary, Modules) = AdversarialSetup.Of(network, discriminator, options);
    }

    /// <inheritdoc />
    public IReadOnlyDictionary<string, nn.Module> Modules { get; }

    private protected AutoencoderTrainingOptions Options { get; }

    /// <summary>Around the encoder: keeps its gradients out where it is not trained.</summary>
    private protected IDisposable? Encoding() => Options.TrainEncoder ? null : no_grad();

    /// <summary>Type of the decoder, which is not the encoder's where only the decoder is trained, and not in float32.</summary>
    private protected ScalarType DecoderType =>
        Modules.First(m => m.Key.StartsWith("vae", StringComparison.Ordinal)).Value.parameters().First().dtype;

    /// <inheritdoc />
    public IReadOnlyDictionary<string, string> Identity => _images.Identity;

    /// <inheritdoc />
    public IReadOnlyList<string> Items(long index) => _images.Names(index);

    IEnumerable<string> IItemBatches.Warnings => _images.Warnings;

    void IItemBatches.UseSeed(ulong seed) => _images.Seed = seed;

    long[] IItemBatches.Numbers(long index, ItemSelection? selection) => _images.Numbers(index, selection);

    string IItemBatches.NameOf(long number) => _images.NameOf(number);

    /// <inheritdoc />
    public Tensor Loss(TrainingStep step)
    {
        ArgumentNullException.ThrowIfNull(step);
        TorchSharp.Modules.Parameter parameter = _network.parameters().First();
        ScalarType type = parameter.dtype, wide = type == ScalarType.Float64 ? type : ScalarType.Float32;
        Tensor pixels = _images.Of(step).to(wide, parameter.device);
        (Tensor reconstruction, Tensor regularization) = Reconstruct(pixels.to(type), wide, step);
        Tensor loss = _reconstruction.Of(reconstruction, pixels, step);
        step.Report("reconstruction", loss);
        // As published, the adversary is weighed against the reconstruction only.
        if (_adversary is not null) loss = _adversary.AddTo(loss, reconstruction, pixels, step);
        return loss.Add(regularization);
    }

    /// <summary>What the network makes of the images, and the weighted rest of its loss.</summary>
    /// <param name="pixels">[batch, 3, height, width] in the network's type.</param>
    /// <param name="wide">Type of the results, in which losses are summed.</param>
    /// <param name="step">Source of everything random; receives the parts as metrics.</param>
    private protected abstract (Tensor Reconstruction, Tensor Regularization) Reconstruct(
        Tensor pixels, ScalarType wide, TrainingStep step);
}
