using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>What the normalisations of an autoencoder take beside the feature map.</summary>
/// <param name="Latents">What modulates <see cref="SpatialNorm"/>, [batch, latent channels, height, width]; null for plain normalisations.</param>
/// <param name="Statistics">Those of the whole picture, where the feature map is of one tile; null for the feature map's own.</param>
internal sealed record NormalizationContext(Tensor? Latents = null, GlobalNormStatistics? Statistics = null);
