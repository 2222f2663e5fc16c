using System.Runtime.Intrinsics.X86;
using static TorchSharp.torch;

namespace LatentDiffusion.Runtime;

/// <summary>Precisions without instructions on this CPU, in which networks compute many times slower than in float32.</summary>
internal static class SlowPrecision
{
    // Generating with the U-Net of Stable Diffusion 1.5 on a CPU with AVX-512 and without these instructions.
    private const int BFloat16Factor = 20, Float16Factor = 35;

    // Leaf 7 of CPUID: sub-leaf 0, EDX, and sub-leaf 1, EAX.
    private const int Float16Bit = 23, BFloat16Bit = 5;

    /// <summary>About how many times slower than float32 the CPU computes in a type; null if it is not known to be slow.</summary>
    public static int? Factor(ScalarType type) => X86Base.IsSupported ? Factor(type, HasBFloat16, HasFloat16) : null;

    internal static int? Factor(ScalarType type, bool hasBFloat16, bool hasFloat16) => type switch
    {
        ScalarType.BFloat16 when !hasBFloat16 => BFloat16Factor,
        ScalarType.Float16 when !hasFloat16 => Float16Factor,
        _ => null,
    };

    private static bool HasBFloat16 => Avx512F.IsSupported && (X86Base.CpuId(7, 1).Eax >> BFloat16Bit & 1) == 1;

    private static bool HasFloat16 => Avx512F.IsSupported && (X86Base.CpuId(7, 0).Edx >> Float16Bit & 1) == 1;
}
