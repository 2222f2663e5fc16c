namespace LatentDiffusion.Networks;

/// <summary>A network that can recompute activations in the backward pass instead of keeping them.</summary>
public interface IGradientCheckpointing
{
    /// <summary>
    /// Whether blocks keep only their inputs in training and compute the rest again in the backward pass (Chen et al. 2016): much less
    /// memory for about a third more work, and the same gradients within rounding. Default false.
    /// </summary>
    bool GradientCheckpointing { get; set; }
}
