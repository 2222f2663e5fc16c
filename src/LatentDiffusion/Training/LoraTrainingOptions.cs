using System.ComponentModel.DataAnnotations;
using System.Diagnostics.CodeAnalysis;

namespace LatentDiffusion.Training;

/// <summary>Which layers get low-rank adapters, and of what size.</summary>
public sealed record LoraTrainingOptions
{
    /// <summary>Inner dimension of the adapters, at least 1. Default 4.</summary>
    [Range(1, 4096)]
    public int Rank { get; init; } = 4;

    /// <summary>
    /// Strength α, above 0: the output of adapters is scaled by α/rank (Hu et al. 2021, section 4.1). Null for the rank. Default null.
    /// </summary>
    [Range(0.0, double.MaxValue, MinimumIsExclusive = true)]
    public double? Alpha { get; init; }

    /// <summary>
    /// Layers of the denoising network that are adapted: the end of a layer's published name after a dot, or all of it;
    /// <c>*</c> stands for anything. Linear layers and convolutions can be. Default null, for those of the model's family
    /// (<see cref="LoraComponent.TrainedLayers"/>): the projections of all attention.
    /// </summary>
    [MinLength(1)]
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Lists keep Count, which their interface has.")]
    public IReadOnlyList<string>? Targets { get; init; }

    /// <summary>The same for text encoders. Default null, for the projections of their attention.</summary>
    [MinLength(1)]
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Lists keep Count, which their interface has.")]
    public IReadOnlyList<string>? TextEncoderTargets { get; init; }

    /// <summary>The adapters' random start follows from it. Default 0.</summary>
    public ulong Seed { get; init; }
}
