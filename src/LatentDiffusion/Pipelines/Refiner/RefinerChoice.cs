using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A refiner as it was asked for.</summary>
internal sealed record RefinerChoice(string Path, double Start, ScalarType? Precision, string? Variant);
