using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Training;

/// <summary>Options of the autoencoder's objective.</summary>
public sealed record AutoencoderTrainingOptions
{
    /// <summary>Images a step, at least 1. Default 8.</summary>
    [Range(1, 65536)]
    public int BatchSize { get; init; } = 8;

    /// <summary>
    /// Width and height of the random crops trained on, in pixels, a multiple of the downsampling factor; null for whole
    /// images. Crops bring more images, and so more colours, into a batch of the same cost. Default null.
    /// </summary>
    [Range(8, 4096)]
    public int? CropSize { get; init; }

    /// <summary>
    /// Whether the encoder, and a codebook, are trained too. Where not, images keep their latents and only what decodes them
    /// learns, so that a denoiser trained on these latents stays valid; the weights of divergence, codebook and commitment
    /// then have no meaning. Default true.
    /// </summary>
    public bool TrainEncoder { get; init; } = true;

    /// <summary>Weight of the pixels' mean absolute error, at least 0: it keeps edges sharp. Default 1.</summary>
    [Range(0.0, double.MaxValue)]
    public double AbsoluteWeight { get; init; } = 1;

    /// <summary>Weight of the pixels' mean squared error, at least 0: it finds colours fast. Default 1.</summary>
    [Range(0.0, double.MaxValue)]
    public double SquaredWeight { get; init; } = 1;

    /// <summary>
    /// Weight of the mean absolute error of the colour differences R − G and B − G, at least 0: gray is a long plateau
    /// for small networks, and this leads off it. Default 0.
    /// </summary>
    [Range(0.0, double.MaxValue)]
    public double ChromaWeight { get; init; }

    /// <summary>Weight of the divergence of the latents from a standard normal, per latent value, at least 0. Default 1e-4.</summary>
    [Range(0.0, double.MaxValue)]
    public double KlWeight { get; init; } = 1e-4;

    /// <summary>Weight of the codebook's distance from the latents (<see cref="VQObjective"/>), above 0. Default 1.</summary>
    [Range(0.0, double.MaxValue, MinimumIsExclusive = true)]
    public double CodebookWeight { get; init; } = 1;

    /// <summary>
    /// Weight β of the latents' distance from the codebook (<see cref="VQObjective"/>), at least 0. Default 0.25, the paper's.
    /// </summary>
    [Range(0.0, double.MaxValue)]
    public double CommitmentWeight { get; init; } = 0.25;

    /// <summary>Weight of the distance of the features given to the objective, at least 0. Default 0.</summary>
    [Range(0.0, double.MaxValue)]
    public double PerceptualWeight { get; init; }

    /// <summary>Weight of the discriminator given to the objective, at least 0. Default 0; 0.5 to 1 is usual.</summary>
    [Range(0.0, double.MaxValue)]
    public double AdversarialWeight { get; init; }

    /// <summary>Step at which the adversary begins, at least 0: images should be roughly right by then. Default 0.</summary>
    [Range(0, long.MaxValue)]
    public long AdversarialStart { get; init; }

    /// <summary>
    /// Whether the adversary's weight is also multiplied by the ratio of the gradients' norms at the decoder's last layer,
    /// reconstruction to adversary (Esser et al. 2021, equation 7). Default true.
    /// </summary>
    public bool AdaptiveAdversarialWeight { get; init; } = true;
}
