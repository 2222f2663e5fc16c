using System.ComponentModel.DataAnnotations;
using System.Diagnostics.CodeAnalysis;

namespace LatentDiffusion.Guidance;

/// <summary>How <see cref="PerturbedAttentionGuidance"/> steers.</summary>
public sealed record PerturbedAttentionOptions
{
    /// <summary>s, published name <c>pag_scale</c>; 0 disables it. In [0, 100], default 3.</summary>
    [Range(0.0, 100.0)]
    public double Scale { get; init; } = 3;

    /// <summary>
    /// Decrease of the scale per training timestep since the start, published name <c>pag_adaptive_scale</c>:
    /// s − a·(1000 − t), at least 0. In [0, 1], default 0.
    /// </summary>
    [Range(0.0, 1.0)]
    public double AdaptiveScale { get; init; }

    /// <summary>
    /// Where self-attention is perturbed, published name <c>pag_applied_layers</c>: paths as in
    /// <see cref="AttentionEdits.IdentityLayers"/>, or <c>mid</c>, <c>down</c> and <c>up</c> for a U-Net's blocks. Default: middle block.
    /// </summary>
    [Required, MinLength(1)]
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Lists keep Count, which their interface has.")]
    public IReadOnlyList<string> Layers { get; init; } = ["mid_block"];
}
