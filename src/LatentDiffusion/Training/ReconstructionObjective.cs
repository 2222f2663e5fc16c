using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// Shared by the losses of all autoencoders: batches of images, the error of reconstructions, and optionally
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
        (_adversary, Modules) = AdversarialSetup.Create(network, discriminator, options);
    }

    /// <inheritdoc />
    public IReadOnlyDictionary<string, nn.Module> Modules { get; }

    /// <summary>Time that steps have waited for images.</summary>
    internal TimeSpan WaitedForImages => _images.Waited;

    private protected AutoencoderTrainingOptions Options { get; }

    /// <summary>Around the encoder: keeps its gradients out where it is not trained.</summary>
    private protected IDisposable? Encoding() => Options.TrainEncoder ? null : no_grad();

    /// <summary>Type of the decoder, which is not the encoder's where only the decoder is trained, and not in float32.</summary>
    private protected ScalarType DecoderType =>
        NetworkUse.TypeOf(Modules.First(m => m.Key.StartsWith("vae", StringComparison.Ordinal)).Value);

    /// <inheritdoc />
    public IReadOnlyDictionary<string, string> Identity => _images.Identity;

    /// <inheritdoc />
    public IReadOnlyList<string> Items(long index) => _images.Names(index);

    IReadOnlyList<string> ITrainingObjective.Warnings => [.. _images.Warnings];

    IItemBatches ITrainingObjective.ItemBatches => this;

    void ITrainingObjective.UseSeed(ulong seed) => _images.Seed = seed;

    long[] IItemBatches.Numbers(long index, ItemSelection? selection) => _images.Numbers(index, selection);

    string IItemBatches.NameOf(long number) => _images.NameOf(number);

    /// <inheritdoc />
    public Tensor Loss(TrainingStep step)
    {
        ArgumentNullException.ThrowIfNull(step);
        ScalarType type = NetworkUse.TypeOf(_network), wide = type == ScalarType.Float64 ? type : ScalarType.Float32;
        Tensor pixels = _images.PixelsFor(step).to(wide, NetworkUse.DeviceOf(_network));
        (Tensor reconstruction, Tensor regularization) = Reconstruct(pixels.to(type), wide, step);
        Tensor loss = _reconstruction.Compute(reconstruction, pixels, step);
        step.Report("reconstruction", loss);
        // As published, the adversary is weighed against the reconstruction only.
        if (_adversary is not null) loss = _adversary.AddTo(loss, reconstruction, pixels, step);
        return loss.Add(regularization);
    }

    /// <summary>The network's reconstructions, and the weighted remaining terms of its loss.</summary>
    /// <param name="pixels">[batch, 3, height, width] in the network's type.</param>
    /// <param name="wide">Type of the results, in which losses are summed.</param>
    /// <param name="step">Source of everything random; receives the parts as metrics.</param>
    private protected abstract (Tensor Reconstruction, Tensor Regularization) Reconstruct(
        Tensor pixels, ScalarType wide, TrainingStep step);
}
