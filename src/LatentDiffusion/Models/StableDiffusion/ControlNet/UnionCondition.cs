using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>A control image of a union ControlNet.</summary>
/// <param name="Image">RGB in [0, 1], [batch, channels, height, width] in pixels.</param>
/// <param name="Type">What it shows: a control type from 0 to below <see cref="ControlNetUnionConfig.NumControlType"/>.</param>
public sealed record UnionCondition(Tensor Image, int Type)
{
    /// <summary>
    /// How strongly to control. Of one image the residuals are multiplied by it; of several, the features of each. Default 1.
    /// </summary>
    public double Scale { get; init; } = 1;
}
