using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>A batch as the forward process leaves it, and what the network is to make of it.</summary>
/// <param name="Noisy">The noisy samples x_t, [batch, channels, height, width].</param>
/// <param name="Timesteps">The timesteps that the network receives, [batch].</param>
/// <param name="Target">What it is to predict, of the samples' shape.</param>
/// <param name="Weights">Weight of each sample's error, [batch]; null where all are 1.</param>
internal sealed record NoisyBatch(Tensor Noisy, Tensor Timesteps, Tensor Target, Tensor? Weights);
