using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>Input of a ControlNet.</summary>
/// <param name="UNet">Input of the U-Net; its residuals are ignored.</param>
/// <param name="Hint">The control image, RGB in [0, 1], [batch, channels, height, width] in pixels.</param>
public sealed record ControlNetInput(UNetInput UNet, Tensor Hint)
{
    /// <summary>How strongly to control. Default 1.</summary>
    public double ConditioningScale { get; init; } = 1;

    /// <summary>
    /// Whether to control from a tenth at the highest resolution to all at the lowest, for prompts that say little
    /// ("guess mode", Zhang et al. 2023, section 3.4). Default false.
    /// </summary>
    public bool GuessMode { get; init; }
}
