using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A control image in one evaluation of a ControlNet.</summary>
/// <param name="Image">RGB in [0, 1], [batch, channels, height, width] in pixels.</param>
/// <param name="Scale">How strongly it controls.</param>
/// <param name="Mode">The control type, for a union ControlNet; 0 for others.</param>
internal sealed record ControlCondition(Tensor Image, double Scale, int Mode);
