using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A tiny autoencoder for previews, as the builder received it.</summary>
internal sealed record PreviewChoice(string Path, ScalarType? Precision);
