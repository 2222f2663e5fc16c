using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>An autoencoder in place of the model's, as the builder received it.</summary>
internal sealed record AutoencoderChoice(string Path, ScalarType? Precision, string? Variant, double? ScalingFactor);
