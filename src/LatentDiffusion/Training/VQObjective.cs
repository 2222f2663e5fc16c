using System.ComponentModel.DataAnnotations;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// The loss of an autoencoder with a codebook (van den Oord et al. 2017, equation 3): the reconstruction's, whose
/// gradient passes the choice of vectors as if it were not there, ‖sg(z) − e‖² for the codebook and β·‖z − sg(e)‖² for the
/// encoder. Reports the codebook's usage as the perplexity of the batch's choices: 1 where all are the same vector, the
/// size of the codebook where all are used alike.
/// </summary>
public sealed class VQObjective : ITrainingObjective
{
    private readonly VQModel _network;
    private readonly AutoencoderTrainingOptions _options;
    private readonly ImageBatches _images;
    private readonly ReconstructionLoss _reconstruction;
    private readonly AdversarialLoss? _adversary;

    /// <summary>Prepares the objective.</summary>
    /// <param name="network">The network to train.</param>
    /// <param name="images">What to train it on; all of one size, which the network's downsampling divides.</param>
    /// <param name="options">Batch size and weights; <see cref="AutoencoderTrainingOptions.KlWeight"/> has no meaning here.</param>
    /// <param name="features">Features of the perceptual distance; null for none.</param>
    /// <param name="discriminator">Trained against it, as component <c>discriminator</c>; null for none.</param>
    /// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
    /// <exception cref="ArgumentException">A weight is set for what is not given, or is not set for what is.</exception>
    public VQObjective(
        VQModel network, ICaptionedImageSource images, AutoencoderTrainingOptions options, IPerceptualFeatures? features = null, PatchDiscriminator? discriminator = null)
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
        Tensor latents = _network.Encode(pixels.to(type));
        Tensor nearest = _network.NearestIndices(latents), codes = _network.Codes(nearest);
        Tensor straight = latents + (codes - latents).detach();
        Tensor reconstruction = _network.Decode(straight, quantize: false).to(wide);
        Tensor codebook = (codes.to(wide) - latents.detach().to(wide)).square().mean();
        Tensor commitment = (latents.to(wide) - codes.detach().to(wide)).square().mean();
        Tensor loss = _reconstruction.Of(reconstruction, pixels, step);
        step.Report("reconstruction", loss);
        step.Report("quantization", codebook);
        step.Report("codebook_perplexity", Perplexity(nearest));
        if (_adversary is not null) loss = _adversary.AddTo(loss, reconstruction, pixels, step);
        return loss + _options.CodebookWeight * codebook + _options.CommitmentWeight * commitment;
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
