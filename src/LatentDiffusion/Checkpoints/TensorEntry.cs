using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>What a checkpoint says of one tensor before its values are read.</summary>
/// <param name="Name">The tensor's name in the file.</param>
/// <param name="DataType">Data type of the stored values; for float8, float32, to which reading widens them.</param>
/// <param name="Shape">Size of each dimension; empty for a scalar.</param>
/// <param name="ByteLength">Number of bytes of the stored values.</param>
public sealed record TensorEntry(string Name, ScalarType DataType, IReadOnlyList<long> Shape, long ByteLength);
