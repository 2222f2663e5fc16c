using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace LatentDiffusion.Runtime;

/// <summary>
/// The instruction set of libtorch's kernels, which decides the last bits of their results. libtorch chooses it when it is
/// loaded and TorchSharp does not expose the choice, so it is derived by the same rule: the environment variable
/// <c>ATEN_CPU_CAPABILITY</c> if it has one of the known values, otherwise the one that the CPU supports.
/// </summary>
internal static class CpuCapability
{
    /// <summary>
    /// <c>DEFAULT</c> (SSE), <c>AVX2</c> or <c>AVX512</c>, as libtorch names them; the architecture's name on CPUs that are
    /// not x86, for example <c>ARM64</c>. A limit on oneDNN's instruction set is appended: <c>AVX512, ONEDNN_MAX_CPU_ISA=AVX2</c>.
    /// </summary>
    public static string Current { get; } = Describe(Supported(), Environment.GetEnvironmentVariable);

    /// <summary>The capability of a CPU under an environment.</summary>
    /// <param name="supported">The best that the CPU supports.</param>
    /// <param name="environment">Returns the value of a variable, or null.</param>
    internal static string Describe(string supported, Func<string, string?> environment)
    {
        bool x86 = supported is "DEFAULT" or "AVX2" or "AVX512";
        string capability = environment("ATEN_CPU_CAPABILITY") switch
        {
            "default" when x86 => "DEFAULT",
            "avx2" when x86 => "AVX2",
            "avx512" when x86 => "AVX512",
            _ => supported,
        };
        // oneDNN reads the newer name first. A value that it cannot know has no effect and is left out of the metadata.
        string? limit = environment("ONEDNN_MAX_CPU_ISA") ?? environment("DNNL_MAX_CPU_ISA");
        return limit is { Length: > 0 and <= 32 } && limit.All(c => char.IsAsciiLetterOrDigit(c) || c == '_')
            ? $"{capability}, ONEDNN_MAX_CPU_ISA={limit.ToUpperInvariant()}"
            : capability;
    }

    // The features that libtorch checks before it selects kernels.
    private static string Supported() =>
        !X86Base.IsSupported ? $"{RuntimeInformation.ProcessArchitecture}".ToUpperInvariant()
        : Avx512BW.VL.IsSupported && Avx512DQ.VL.IsSupported && Fma.IsSupported ? "AVX512"
        : Avx2.IsSupported && Fma.IsSupported ? "AVX2"
        : "DEFAULT";
}
