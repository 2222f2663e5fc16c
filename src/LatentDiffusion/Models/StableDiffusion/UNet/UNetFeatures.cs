using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>What the encoder half of a U-Net gives.</summary>
/// <param name="Hidden">Output of the middle, or what is known to come up from the resolutions that were not computed.</param>
/// <param name="Skips">Outputs of the layers on the way down, the lowest on top.</param>
/// <param name="Time">The time embedding.</param>
/// <param name="Context">The text.</param>
internal sealed record UNetFeatures(Tensor Hidden, Stack<Tensor> Skips, Tensor Time, TextContext Context);
