using System.ComponentModel.DataAnnotations;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// The autoencoder's loss: mean absolute and squared error of the pixels, and the Kullback-Leibler divergence of the latents from a
/// standard normal, lightly weighted (Rombach et al. 2022, appendix G); optionally a perceptual distance and a
/// patch-adversarial term (Esser et al. 2021).
/// </summary>
public sealed class AutoencoderObjective : ReconstructionObjective
{
    private readonly AutoencoderKL _network;

    /// <summary>Prepares the objective.</summary>
    /// <param name="network">The network to train.</param>
    /// <param name="images">Training images; all of one size, which the network's downsampling divides.</param>
    /// <param name="options">Batch size and weights.</param>
    /// <param name="features">Features of the perceptual distance; null for none.</param>
    /// <param name="discriminator">Trained against it, as component <c>discriminator</c>; null for none.</param>
    /// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
    /// <exception cref="ArgumentException">A weight is set for a missing part, or is not set for a given one.</exception>
    public AutoencoderObjective(
        AutoencoderKL network, ICaptionedImageSource images, AutoencoderTrainingOptions options,
        IPerceptualFeatures? features = null, PatchDiscriminator? discriminator = null)
        : base(network, images, options, features, discriminator) => _network = network;

    private protected override (Tensor Reconstruction, Tensor Regularization) Reconstruct(Tensor pixels, ScalarType wide, TrainingStep step)
    {
        Tensor mean, logVariance;
        using (Encoding()) (mean, logVariance) = _network.Encode(pixels);
        (mean, logVariance) = (mean.to(wide), logVariance.to(wide));
        Tensor noise = randn(mean.shape, generator: step.Generator).to(wide, mean.device);
        Tensor latents = mean.Add(logVariance.Multiply(0.5).exp() * noise);
        Tensor reconstruction = _network.Decode(latents.to(DecoderType)).to(wide);
        // Per latent value, so that the weight means the same at every size.
        Tensor divergence = (mean.Square().Add(logVariance.exp()).Add(-1) - logVariance).mean().Multiply(0.5);
        step.Report("divergence", divergence);
        return (reconstruction, Options.TrainEncoder ? divergence.Multiply(Options.KlWeight) : zeros_like(divergence));
    }
}
