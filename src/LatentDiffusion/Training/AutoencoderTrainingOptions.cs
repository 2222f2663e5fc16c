using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion;

/// <summary>What the autoencoder's objective is given.</summary>
public sealed record AutoencoderTrainingOptions
{
    /// <summary>Pictures a step, at least 1. Default 8.</summary>
    [Range(1, 65536)]
    public int BatchSize { get; init; } = 8;

    /// <summary>Weight of the divergence of the latents from a standard normal, per latent value, at least 0. Default 1e-3.</summary>
    [Range(0.0, double.MaxValue)]
    public double KlWeight { get; init; } = 1e-3;
}
