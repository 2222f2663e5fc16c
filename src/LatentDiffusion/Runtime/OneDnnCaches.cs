using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Runtime;

/// <summary>
/// Corrects what oneDNN believes of the CPU's caches on virtual machines that hide them. There CPUID leaf 0x8000001D of an AMD CPU is
/// zero, which oneDNN 3.7 reads as three caches of one byte each. It blocks its reorders for that size, and a reorder that also pads a
/// weight with zeros then overwrites values: convolutions, their gradients and products with packed weights are silently wrong. Where
/// oneDNN knows no caches, it assumes usual sizes and computes correctly.
/// </summary>
/// <remarks>
/// The record is a static variable of oneDNN without an exported name, so it is found by its content. Where that fails, libtorch
/// computes without oneDNN, which is slower.
/// </remarks>
internal static unsafe class OneDnnCaches
{
    private const string Library = "libtorch_cpu.so", Maps = "/proc/self/maps";

    private const int HighestExtendedLeaf = unchecked((int)0x80000000), CacheLeaf = unchecked((int)0x8000001D), CacheType = 31;

    // Of ten levels the sizes in bytes and then the numbers of cores that share them; last the number of known levels.
    private static readonly int[] s_misread = [1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 3];

    private static readonly Lazy<bool> s_areUsable = new(() => !AreHidden() || Correct());

    /// <summary>
    /// Whether oneDNN computes correctly, after the correction where one was needed. If not, libtorch computes without it from now on,
    /// and this library must not call its operators.
    /// </summary>
    public static bool AreUsable => s_areUsable.Value;

    /// <summary>Whether the CPU is one whose caches oneDNN misreads.</summary>
    private static bool AreHidden()
    {
        if (!OperatingSystem.IsLinux() || !X86Base.IsSupported) return false;
        (_, int ebx, int ecx, int edx) = X86Base.CpuId(0, 0);
        ReadOnlySpan<byte> vendor = MemoryMarshal.AsBytes<int>([ebx, edx, ecx]);
        return (vendor.SequenceEqual("AuthenticAMD"u8) || vendor.SequenceEqual("HygonGenuine"u8))
            && (uint)X86Base.CpuId(HighestExtendedLeaf, 0).Eax >= unchecked((uint)CacheLeaf)
            && (X86Base.CpuId(CacheLeaf, 0).Eax & CacheType) == 0;
    }

    private static bool Correct()
    {
        string path = File.ReadLines(Maps).First(line => line.EndsWith(Library, StringComparison.Ordinal)).Split(' ', 6)[^1].TrimStart();
        nint library = NativeLibrary.Load(path);
        // NNPACK needs the sizes too. It refuses to start, and says so at every convolution.
        Disable(library, "_ZN2at7Context20setUserEnabledNNPACKEb");
        ReadCaches();
        nint[] records = [.. WritableParts(path).SelectMany(Find)];
        if (records is [var record])
        {
            ((int*)record)[s_misread.Length - 1] = 0;
            return true;
        }

        Disable(library, "_ZN2at7Context20setUserEnabledMkldnnEb");
        return false;
    }

    /// <summary>Makes oneDNN read the caches, which it does at its first convolution.</summary>
    private static void ReadCaches()
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        _ = nn.functional.conv2d(zeros(2, 1, 4, 4, device: CPU), zeros(1, 1, 3, 3, device: CPU));
    }

    /// <summary>Calls a setter of libtorch's global context, which TorchSharp does not expose.</summary>
    private static void Disable(nint library, string setter)
    {
        nint context = ((delegate* unmanaged<nint>)NativeLibrary.GetExport(library, "_ZN2at13globalContextEv"))();
        ((delegate* unmanaged<nint, byte, void>)NativeLibrary.GetExport(library, setter))(context, 0);
    }

    /// <summary>The memory of the library's variables: its writable mappings, and the one without a file that continues them.</summary>
    private static IEnumerable<(nint Start, nint End)> WritableParts(string path)
    {
        nint previous = 0;
        foreach (string line in File.ReadLines(Maps))
        {
            string[] fields = line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries);
            nint[] range = [.. fields[0].Split('-').Select(Address)];
            bool continues = fields.Length == 5 && range[0] == previous;
            if (!continues && fields[^1] != path) continue;
            previous = range[1];
            if (fields[1].StartsWith("rw", StringComparison.Ordinal)) yield return (range[0], range[1]);
        }
    }

    private static nint Address(string text) => nint.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static IEnumerable<nint> Find((nint Start, nint End) part)
    {
        nint start = part.Start;
        while (Next(start, part.End) is var found && found != 0)
        {
            yield return found;
            start = found + sizeof(int);
        }
    }

    private static nint Next(nint start, nint end)
    {
        var words = new ReadOnlySpan<int>((void*)start, (int)((end - start) / sizeof(int)));
        int at = words.IndexOf(s_misread);
        return at < 0 ? 0 : start + at * sizeof(int);
    }
}
