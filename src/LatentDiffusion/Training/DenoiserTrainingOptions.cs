using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion;

/// <summary>What the denoiser's objective is given.</summary>
public sealed record DenoiserTrainingOptions
{
    /// <summary>Pictures a step, at least 1. Default 16.</summary>
    [Range(1, 65536)]
    public int BatchSize { get; init; } = 16;

    /// <summary>What the network learns to predict. Default <see cref="PredictionType.Epsilon"/>.</summary>
    public PredictionType PredictionType { get; init; } = PredictionType.Epsilon;

    /// <summary>
    /// Share of captions replaced by the empty one, in [0, 1), so that the network also learns the unconditional
    /// distribution that guidance needs (Ho &amp; Salimans 2022, algorithm 1). Default 0.1.
    /// </summary>
    [Range(0.0, 1.0, MaximumIsExclusive = true)]
    public double CaptionDropout { get; init; } = 0.1;
}
