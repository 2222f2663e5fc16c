using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>Output of the encoder half of a U-Net.</summary>
/// <param name="Hidden">Output of the middle block; with step caching the kept features of the lower resolutions.</param>
/// <param name="Skips">Inputs of the skip connections, that of the lowest resolution on top.</param>
/// <param name="Time">The time embedding.</param>
/// <param name="Context">Hidden states of the text, with the other inputs of attention.</param>
internal sealed record UNetFeatures(Tensor Hidden, Stack<Tensor> Skips, TimeContext Time, TextContext Context);
