using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Inputs of an autoencoder's normalisations in addition to the feature map.</summary>
/// <param name="Latents">Latents that modulate <see cref="SpatialNorm"/>, [batch, channels, height, width]; null for plain ones.</param>
/// <param name="Statistics">Mean and variance of the whole image, if the feature map is of one tile; null for those of the map.</param>
internal sealed record NormalizationContext(Tensor? Latents = null, GlobalNormStatistics? Statistics = null);
