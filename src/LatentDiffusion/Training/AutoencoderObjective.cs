using System.ComponentModel.DataAnnotations;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// The autoencoder's loss: mean absolute and squared error of the pixels, and the Kullback-Leibler divergence of the latents from a
/// standard normal, lightly weighted (Rombach et al. 2022, appendix G); where asked for a perceptual distance and a
/// patch-adversarial term (Esser et al. 2021).
/// </summary>
public sealed class AutoencoderObjective : ITrainingObjective
{
    private readonly AutoencoderKL _network;
    private readonly AutoencoderTrainingOptions _options;
    private readonly ImageBatches _images;
    private readonly ReconstructionLoss _reconstruction;
    private readonly AdversarialLoss? _adversary;

    /// <summary>Prepares the objective.</summary>
    /// <param name="network">The network to train.</param>
    /// <param name="images">What to train it on; all of one size, which the network's downsampling divides.</param>
    /// <param name="options">Batch size and weights.</param>
    /// <param name="features">Features of the perceptual distance; null for none.</param>
    /// <param name="discriminator">Trained against it, as component <c>discriminator</c>; null for none.</param>
    /// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
    /// <exception cref="ArgumentException">A weight is set for what is not given, or is not set for what is.</exception>
    public AutoencoderObjective(
        AutoencoderKL network, ICaptionedImageSource images, AutoencoderTrainingOptions options, IPerceptualFeatures? features = null, PatchDiscriminator? discriminator = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(images);
        (_network, _options) = (network, ValidOptions.Check(options));
        _images = new ImageBatches(images, options);
        _reconstruction = new ReconstructionLoss(options, features);
        (_adversary, Modules) = Adversary.Of(network, discriminator, options);
    }

    /// <inheritdoc />
    public IReadOnlyDictionary<string, nn.Module> Modules { get; }

    /// <inheritdoc />
    public IReadOnlyList<string> Items(long index) => _images.Names(index);

    /// <inheritdoc />
    public Tensor Loss(TrainingStep step)
    {
        ArgumentNullException.ThrowIfNull(step);
        ScalarType type = _network.parameters().First().dtype, wide = type == ScalarType.Float64 ? type : ScalarType.Float32;
        Tensor pixels = _images.Of(step).to(wide);
        (Tensor mean, Tensor logVariance) = _network.Encode(pixels.to(type));
        (mean, logVariance) = (mean.to(wide), logVariance.to(wide));
        Tensor noise = randn(mean.shape, generator: step.Generator).to(wide);
        Tensor latents = mean + (0.5 * logVariance).exp() * noise;
        Tensor reconstruction = _network.Decode(latents.to(type)).to(wide);
        // Per latent value, so that the weight means the same at every size.
        Tensor divergence = 0.5 * (mean.square() + logVariance.exp() - 1 - logVariance).mean();
        Tensor loss = _reconstruction.Of(reconstruction, pixels, step);
        step.Report("reconstruction", loss);
        step.Report("divergence", divergence);
        // As published, the adversary is weighed against the reconstruction alone.
        if (_adversary is not null) loss = _adversary.AddTo(loss, reconstruction, pixels, step);
        return loss + _options.KlWeight * divergence;
    }
}
