using System.ComponentModel.DataAnnotations;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// The loss of an autoencoder with a codebook (van den Oord et al. 2017, equation 3): the reconstruction's, whose
/// gradient passes the choice of vectors as if it were not there, ‖sg(z) − e‖² for the codebook and β·‖z − sg(e)‖² for the
/// encoder. Reports the codebook's usage as the perplexity of the batch's choices: 1 where all are the same vector, the
/// size of the codebook where all are used alike.
/// </summary>
public sealed class VQObjective : ReconstructionObjective
{
    private readonly VQModel _network;

    /// <summary>Prepares the objective.</summary>
    /// <param name="network">The network to train.</param>
    /// <param name="images">Training images; all of one size, which the network's downsampling divides.</param>
    /// <param name="options">Batch size and weights; <see cref="AutoencoderTrainingOptions.KlWeight"/> has no meaning here.</param>
    /// <param name="features">Features of the perceptual distance; null for none.</param>
    /// <param name="discriminator">Trained against it, as component <c>discriminator</c>; null for none.</param>
    /// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
    /// <exception cref="ArgumentException">A weight is set for a missing part, or is not set for a given one.</exception>
    public VQObjective(
        VQModel network, ICaptionedImageSource images, AutoencoderTrainingOptions options, IPerceptualFeatures? features = null,
        PatchDiscriminator? discriminator = null)
        : base(network, images, options, features, discriminator) => _network = network;

    private protected override (Tensor Reconstruction, Tensor Regularization) Reconstruct(Tensor pixels, ScalarType wide, TrainingStep step)
    {
        Tensor latents, nearest, codes;
        using (Encoding())
        {
            latents = _network.Encode(pixels);
            nearest = _network.NearestIndices(latents);
            codes = _network.Codes(nearest);
        }

        Tensor straight = latents.Add((codes - latents).detach());
        Tensor reconstruction = _network.Decode(straight.to(DecoderType), quantize: false).to(wide);
        Tensor codebook = (codes.to(wide) - latents.detach().to(wide)).Square().mean();
        Tensor commitment = (latents.to(wide) - codes.detach().to(wide)).Square().mean();
        step.Report("quantization", codebook);
        step.Report("codebook_perplexity", Perplexity(nearest));
        if (!Options.TrainEncoder) return (reconstruction, zeros_like(codebook));
        return (reconstruction, codebook.Multiply(Options.CodebookWeight).Add(commitment.Multiply(Options.CommitmentWeight)));
    }

    /// <summary>e to the entropy of the choices.</summary>
    private double Perplexity(Tensor indices)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor counts = indices.flatten().bincount(null, _network.Config.NumVqEmbeddings).to(ScalarType.Float64);
        Tensor shares = counts / counts.sum();
        return Math.Exp(-shares.xlogy(shares).sum().item<double>());
    }
}
