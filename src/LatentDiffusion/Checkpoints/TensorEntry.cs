using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>Description of one tensor of a checkpoint, without its values.</summary>
/// <param name="Name">The tensor's name in the file.</param>
/// <param name="DataType">
/// Data type of the stored values; float32 for float8 and for blocks of a GGUF file, which are expanded when they are read.
/// </param>
/// <param name="Shape">Size of each dimension; empty for a scalar.</param>
/// <param name="ByteLength">Number of bytes of the stored values.</param>
public sealed record TensorEntry(string Name, ScalarType DataType, IReadOnlyList<long> Shape, long ByteLength);
