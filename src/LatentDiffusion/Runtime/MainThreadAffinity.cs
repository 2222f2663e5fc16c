using System.Runtime.InteropServices;

namespace LatentDiffusion.Runtime;

/// <summary>
/// The cores that the main thread may use. OpenMP binds the thread that loads it to the first core, and .NET gives new threads the
/// affinity of the main thread: the thread pool and the garbage collector would share one core with the computation.
/// </summary>
internal static unsafe partial class MainThreadAffinity
{
    // Bits for 4096 CPUs, more than a kernel is built for by default.
    private const int Bytes = 512;

    private static byte[]? s_cores;

    /// <summary>Notes the present cores, before OpenMP is loaded.</summary>
    public static void Remember()
    {
        var cores = new byte[Bytes];
        fixed (byte* mask = cores)
            if (GetAffinity(Environment.ProcessId, Bytes, mask) >= 0) s_cores = cores;
    }

    /// <summary>Gives the main thread back the noted cores. OpenMP's other threads stay bound.</summary>
    public static void Restore()
    {
        if (Interlocked.Exchange(ref s_cores, null) is not { } cores) return;
        fixed (byte* mask = cores) _ = SetAffinity(Environment.ProcessId, Bytes, mask);
    }

    // The main thread's number is that of the process.
    [LibraryImport("libc", EntryPoint = "sched_getaffinity")]
    private static partial int GetAffinity(int thread, nuint bytes, byte* mask);

    [LibraryImport("libc", EntryPoint = "sched_setaffinity")]
    private static partial int SetAffinity(int thread, nuint bytes, byte* mask);
}
