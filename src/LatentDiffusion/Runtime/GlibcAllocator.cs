using System.Runtime.InteropServices;

namespace LatentDiffusion;

/// <summary>Settings of the memory allocator of glibc.</summary>
internal static partial class GlibcAllocator
{
    // Numbers of malloc.h.
    private const int TrimThreshold = -1, MaximumMappings = -4;
    private const int Kept = 1 << 30;

    /// <summary>
    /// Keeps freed memory for the next allocation, which otherwise the operating system takes back and clears again: large
    /// blocks are no mappings of their own, and the heap shrinks only from 1 GB of free memory at its end.
    /// </summary>
    /// <returns>False on systems without glibc.</returns>
    public static bool KeepFreedMemory()
    {
        if (!OperatingSystem.IsLinux()) return false;
        try
        {
            return Set(MaximumMappings, 0) == 1 && Set(TrimThreshold, Kept) == 1;
        }
        catch (EntryPointNotFoundException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int Set(int parameter, int value);
}
