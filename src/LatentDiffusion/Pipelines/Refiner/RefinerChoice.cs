using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A refiner as the builder received it.</summary>
internal sealed record RefinerChoice(string Path, double Start, ScalarType? Precision, string? Variant);
