using System.Runtime.InteropServices;

namespace LatentDiffusion;

/// <summary>Settings of the memory allocator of glibc.</summary>
internal static partial class GlibcAllocator
{
    // Numbers of malloc.h.
    private const int TrimThreshold = -1, MaximumMappings = -4;
    private const int Kept = 1 << 30;
    // Small enough for the peak of small networks. Each time also returns memory that activations use again, so not less.
    private const long ReturnedAtATime = 1 << 24;

    private static bool s_keeps;
    private static long s_freedForGood;

    /// <summary>
    /// Keeps freed memory for the next allocation, which otherwise the operating system takes back and clears again: large
    /// blocks are not separate mappings, and the heap shrinks only from 1 GB of free memory at its end.
    /// </summary>
    /// <returns>False on systems without glibc.</returns>
    public static bool KeepFreedMemory()
    {
        if (!OperatingSystem.IsLinux()) return false;
        try
        {
            return s_keeps = Set(MaximumMappings, 0) == 1 && Set(TrimThreshold, Kept) == 1;
        }
        catch (EntryPointNotFoundException)
        {
            return false;
        }
    }

    /// <summary>
    /// Notes memory that was freed and is not needed again soon: the unused part of the heap goes back to the
    /// operating system from time to time.
    /// </summary>
    public static void FreedForGood(long bytes)
    {
        if (!s_keeps || Interlocked.Add(ref s_freedForGood, bytes) < ReturnedAtATime) return;
        Interlocked.Exchange(ref s_freedForGood, 0);
        Trim(0);
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int Trim(nuint padding);

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int Set(int parameter, int value);
}
