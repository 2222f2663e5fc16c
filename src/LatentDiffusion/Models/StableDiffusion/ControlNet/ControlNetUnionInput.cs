namespace LatentDiffusion.Models;

/// <summary>Input of a union ControlNet.</summary>
/// <param name="UNet">Input of the U-Net; its residuals are ignored.</param>
/// <param name="Conditions">The control images, at least one.</param>
public sealed record ControlNetUnionInput(UNetInput UNet, IReadOnlyList<UnionCondition> Conditions);
