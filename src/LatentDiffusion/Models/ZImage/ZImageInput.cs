using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>Input of the transformer of Z-Image. Samples may be of different sizes.</summary>
/// <param name="Latents">Noisy latents of each sample, [channels, 1, height, width].</param>
/// <param name="Timesteps">How much of each sample is image, in [0, 1]: 0 is noise only. [batch].</param>
/// <param name="Captions">Hidden states of each sample's text, [tokens, width].</param>
public sealed record ZImageInput(IReadOnlyList<Tensor> Latents, Tensor Timesteps, IReadOnlyList<Tensor> Captions);
