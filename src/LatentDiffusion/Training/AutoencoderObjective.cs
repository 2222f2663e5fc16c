using System.ComponentModel.DataAnnotations;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// The autoencoder's loss: mean absolute and squared error of the pixels, and the Kullback-Leibler divergence of the latents from a
/// standard normal, lightly weighted (Rombach et al. 2022, appendix G).
/// </summary>
/// <param name="network">The network to train.</param>
/// <param name="images">What to train it on; all of one size, which the network's downsampling divides.</param>
/// <param name="options">Batch size and weights.</param>
/// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
public sealed class AutoencoderObjective(AutoencoderKL network, ICaptionedImageSource images, AutoencoderTrainingOptions options) : ITrainingObjective
{
    private readonly BatchIndices _indices = new(images.Count, Valid(options).BatchSize);

    /// <inheritdoc />
    public IReadOnlyDictionary<string, nn.Module> Modules { get; } = new Dictionary<string, nn.Module> { ["vae"] = network };

    /// <inheritdoc />
    public Tensor Loss(TrainingStep step)
    {
        ArgumentNullException.ThrowIfNull(step);
        Tensor pixels = Batch(step);
        ScalarType type = network.parameters().First().dtype;
        (Tensor mean, Tensor logVariance) = network.Encode(pixels.to(type));
        (mean, logVariance) = (mean.to(ScalarType.Float32), logVariance.to(ScalarType.Float32));
        Tensor noise = randn(mean.shape, generator: step.Generator);
        Tensor latents = mean + (0.5 * logVariance).exp() * noise;
        Tensor reconstruction = network.Decode(latents.to(type)).to(ScalarType.Float32);
        Tensor error = reconstruction - pixels;
        // Per latent value, so that the weight means the same at every size.
        Tensor divergence = 0.5 * (mean.square() + logVariance.exp() - 1 - logVariance).mean();
        Tensor green = error.narrow(1, 1, 1), chroma = (error.narrow(1, 0, 1) - green).abs().mean() + (error.narrow(1, 2, 1) - green).abs().mean();
        return options.AbsoluteWeight * error.abs().mean() + options.SquaredWeight * error.square().mean() + options.ChromaWeight * chroma + options.KlWeight * divergence;
    }

    private static AutoencoderTrainingOptions Valid(AutoencoderTrainingOptions options)
    {
        Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true);
        return options;
    }

    private Tensor Batch(TrainingStep step)
    {
        ImageBuffer[] pictures = [.. _indices.Of(step.Index).AsParallel().AsOrdered().Select(i => images.Read(i).Image)];
        if (options.CropSize is not { } size) return ImageTensor.FromImages(pictures);
        Tensor corners = rand(pictures.Length, 2, generator: step.Generator);
        float[] where = corners.data<float>().ToArray();
        return ImageTensor.FromImages([.. pictures.Select((picture, i) => picture.Crop(
            (int)(where[2 * i] * (picture.Width - size + 1)), (int)(where[2 * i + 1] * (picture.Height - size + 1)), size, size))]);
    }
}
