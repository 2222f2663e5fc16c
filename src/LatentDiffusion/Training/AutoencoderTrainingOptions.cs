using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion;

/// <summary>What the autoencoder's objective is given.</summary>
public sealed record AutoencoderTrainingOptions
{
    /// <summary>Pictures a step, at least 1. Default 8.</summary>
    [Range(1, 65536)]
    public int BatchSize { get; init; } = 8;

    /// <summary>Weight of the pixels' mean absolute error, at least 0: it keeps edges sharp. Default 1.</summary>
    [Range(0.0, double.MaxValue)]
    public double AbsoluteWeight { get; init; } = 1;

    /// <summary>Weight of the pixels' mean squared error, at least 0: it finds colours fast. Default 1.</summary>
    [Range(0.0, double.MaxValue)]
    public double SquaredWeight { get; init; } = 1;

    /// <summary>Weight of the divergence of the latents from a standard normal, per latent value, at least 0. Default 1e-4.</summary>
    [Range(0.0, double.MaxValue)]
    public double KlWeight { get; init; } = 1e-4;
}
