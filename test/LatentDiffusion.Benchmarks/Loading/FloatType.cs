using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>Types of stored and loaded weights.</summary>
internal enum FloatType
{
    Float32 = ScalarType.Float32,
    Float16 = ScalarType.Float16,
    BFloat16 = ScalarType.BFloat16,
}
