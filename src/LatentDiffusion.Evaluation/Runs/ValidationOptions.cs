using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Evaluation;

/// <summary>What a validation measures on.</summary>
public sealed record ValidationOptions
{
    /// <summary>Pictures measured on at most, from the first; at least 2. Default 64.</summary>
    [Range(2, int.MaxValue)]
    public int Pictures { get; init; } = 64;

    /// <summary>Noise levels that each picture is measured at, one in each of as many equal parts of the schedule; at least 1. Default 4.</summary>
    [Range(1, 1000)]
    public int TimestepsPerPicture { get; init; } = 4;

    /// <summary>Noisy pictures in one evaluation of the network, at least 1. Default 16.</summary>
    [Range(1, 65536)]
    public int BatchSize { get; init; } = 16;

    /// <summary>What the noise and the timesteps follow from: the same in every validation. Default 0.</summary>
    public ulong Seed { get; init; }
}
