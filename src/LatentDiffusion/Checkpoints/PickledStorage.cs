using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A run of values in a PyTorch checkpoint that tensors are views of.</summary>
/// <param name="Key">Name of the zip entry that holds it.</param>
/// <param name="DataType">Data type of its values.</param>
internal sealed record PickledStorage(string Key, ScalarType DataType);
