using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>A batch with the noise of the forward process, and the network's target for it.</summary>
/// <param name="Noisy">The noisy samples x_t, [batch, channels, height, width].</param>
/// <param name="Timesteps">The timesteps that the network receives, [batch].</param>
/// <param name="Target">The target of its prediction, of the samples' shape.</param>
/// <param name="Weights">Weight of each sample's error, [batch]; null where all are 1.</param>
internal sealed record NoisyBatch(Tensor Noisy, Tensor Timesteps, Tensor Target, Tensor? Weights);
