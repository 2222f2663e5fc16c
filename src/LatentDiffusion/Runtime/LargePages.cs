using System.Runtime.InteropServices;

namespace LatentDiffusion.Runtime;

/// <summary>
/// Large pages for memory that is about to be filled. Most of the time of reading a file into new memory is the first access to each of
/// its pages, of which there are 512 times fewer.
/// </summary>
internal static partial class LargePages
{
    // Numbers of mman.h.
    private const int UseLargePages = 14;

    /// <summary>Smallest memory that is worth the call: some pages of 2 MB.</summary>
    private const long Least = 1 << 23;

    /// <summary>Asks the operating system for large pages, where it has them on request. Pages that are there already stay.</summary>
    /// <param name="start">First byte.</param>
    /// <param name="length">Number of bytes.</param>
    public static void Request(nint start, long length)
    {
        if (!OperatingSystem.IsLinux() || length < Least) return;
        long page = Environment.SystemPageSize, first = (start + page - 1) / page * page, end = (start + length) / page * page;
        // It is advice: where the system does not take it, pages are small.
        _ = Advise((nint)first, (nuint)(end - first), UseLargePages);
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint start, nuint length, int advice);
}
