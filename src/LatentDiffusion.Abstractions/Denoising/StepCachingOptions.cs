using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion;

/// <summary>How much of a network's work is reused from one evaluation to the next (Ma et al. 2024, "DeepCache").</summary>
public sealed record StepCachingOptions
{
    /// <summary>
    /// The first of so many evaluations is complete, and the others compute only the upper resolutions; the paper's N. 1
    /// computes everything each time. 1 to 100, default 2.
    /// </summary>
    [Range(1, 100)]
    public int Interval { get; init; } = 2;

    /// <summary>
    /// Resolutions, from the highest, that every evaluation computes: at least 1, and fewer than the network has. Default 1.
    /// </summary>
    [Range(1, 16)]
    public int Levels { get; init; } = 1;
}
