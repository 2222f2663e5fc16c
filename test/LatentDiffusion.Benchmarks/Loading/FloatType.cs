using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>What weights are stored and loaded as.</summary>
internal enum FloatType
{
    Float32 = ScalarType.Float32,
    Float16 = ScalarType.Float16,
    BFloat16 = ScalarType.BFloat16,
}
